import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { makeRoom, S3FifoPolicy, visit, visitorMark } from "./index.ts";

test("the example of README.md holds", () => {
  const visited = new Uint8Array(new SharedArrayBuffer(64));
  const policy = new S3FifoPolicy({ bytesMax: 1_048_576, slotsMax: 64, visited });
  const mark = visitorMark(17);
  const forgotten: number[] = [];
  const forget = (slot: number): boolean => forgotten.push(slot) > 0;

  for (let slot = 0; slot < 5; slot += 1) {
    const bytes = 262_144;
    if (!makeRoom(policy, bytes, forget)) break;
    policy.insert(slot, { key: 1_000 + slot, bytes });
    visit(visited, slot, mark);
  }
  deepEqual(forgotten, [0]);
  equal(policy.byteLength, 1_048_576);
});
