import { equal } from "node:assert/strict";
import { test } from "node:test";
import {
  BATCH_BYTES_MAX,
  CROWD_BATCH_BYTES_MAX,
  WAITING_BATCH_BYTES_MAX,
  WAITING_SHARE_MAX,
} from "../peers/peer-limits.ts";
import { BatchSize } from "./batch-size.ts";

const CACHE_BYTES = 1_000_000;

const cases = [
  { given: "few peers", peers: 15, everyMs: 1, then: BATCH_BYTES_MAX },
  { given: "a crowd", peers: 16, everyMs: 0.1, then: CROWD_BATCH_BYTES_MAX },
  { given: "as many, one after the other", peers: 16, everyMs: 30, then: BATCH_BYTES_MAX },
] as const;

for (const { given, peers, everyMs, then } of cases) {
  test(`BatchSize.bytesFor() given ${given}`, () => {
    const size = new BatchSize({ cacheBytes: CACHE_BYTES });
    const all = Array.from({ length: peers }, () => ({ countedIn: -1 }));
    let bytes = 0;
    for (let turn = 0; turn < 10 * peers; turn += 1) {
      bytes = size.bytesFor(all[turn % peers] ?? { countedIn: -1 }, 1_000 + turn * everyMs);
    }
    equal(bytes, then);
  });
}

test("BatchSize.bytesFor() given sockets that hold more than their share, and then no more", () => {
  const size = new BatchSize({ cacheBytes: CACHE_BYTES });
  const bytes = (): number => size.bytesFor({ countedIn: -1 }, 1_000);
  const took = size.waits(CACHE_BYTES * WAITING_SHARE_MAX);
  equal(bytes(), BATCH_BYTES_MAX);
  const tookOneMore = size.waits(1);
  equal(bytes(), WAITING_BATCH_BYTES_MAX);
  tookOneMore();
  equal(bytes(), BATCH_BYTES_MAX);
  took();
  equal(bytes(), BATCH_BYTES_MAX);
});
