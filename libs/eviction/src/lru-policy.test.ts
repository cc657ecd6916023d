import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { LruPolicy } from "./lru-policy.ts";

const cases = [
  { given: "nothing used", used: [], pinned: [], then: [0, 1, 2, 3] },
  { given: "some used", used: [0, 2, 0], pinned: [], then: [1, 3, 2, 0] },
  { given: "the oldest pinned", used: [], pinned: [0, 1], then: [2, 3, null, null] },
] as const;

for (const { given, used, pinned, then } of cases) {
  test(`LruPolicy given ${given}`, () => {
    const policy = new LruPolicy({ bytesMax: 4, slotsMax: 4, visited: new Uint8Array(4) });
    for (const slot of [0, 1, 2, 3]) policy.insert(slot, { key: slot, bytes: 1 });
    for (const slot of used) policy.touch(slot);
    const canGo = (slot: number): boolean => !pinned.some((each) => each === slot);
    deepEqual(
      then.map(() => policy.victim(canGo)),
      then,
    );
  });
}
