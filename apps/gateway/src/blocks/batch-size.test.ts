import { equal } from "node:assert/strict";
import { test } from "node:test";
import { BATCH_BYTES_MAX, CROWD_BATCH_BYTES_MAX } from "../peers/peer-limits.ts";
import { BatchSize } from "./batch-size.ts";

const cases = [
  { given: "few peers", peers: 15, everyMs: 1, then: BATCH_BYTES_MAX },
  { given: "a crowd", peers: 16, everyMs: 0.1, then: CROWD_BATCH_BYTES_MAX },
  { given: "as many, one after the other", peers: 16, everyMs: 30, then: BATCH_BYTES_MAX },
] as const;

for (const { given, peers, everyMs, then } of cases) {
  test(`BatchSize.bytesFor() given ${given}`, () => {
    const size = new BatchSize();
    const all = Array.from({ length: peers }, () => ({ countedIn: -1 }));
    let bytes = 0;
    for (let turn = 0; turn < 10 * peers; turn += 1) {
      bytes = size.bytesFor(all[turn % peers] ?? { countedIn: -1 }, 1_000 + turn * everyMs);
    }
    equal(bytes, then);
  });
}
