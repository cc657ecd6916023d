import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { SievePolicy } from "./sieve-policy.ts";
import { visit, visitorMark } from "./visitors.ts";

const SLOTS = 5;

const cases = [
  { given: "no visits", visits: [], then: [0, 1, 2, 3, 4] },
  { given: "one visitor, for whom a slot stays once", visits: [[0, 1]], then: [1, 2, 3, 4, 0] },
  {
    given: "two visitors, for whom it stays once, too",
    visits: [
      [0, 1],
      [0, 2],
    ],
    then: [1, 2, 3, 4, 0],
  },
] as const;

for (const { given, visits, then } of cases) {
  test(`SievePolicy given ${given}`, () => {
    const { policy, visited } = givenFilled();
    for (const [slot, peer] of visits) visit(visited, slot, visitorMark(peer));
    deepEqual(
      then.map(() => policy.victim(() => true)),
      then,
    );
  });
}

test("SievePolicy goes on from where its hand is, also if that slot is removed and filled", () => {
  const { policy } = givenFilled();
  deepEqual([policy.victim(() => true), policy.victim(() => true)], [0, 1]);
  policy.remove(2);
  policy.insert(2, { key: 9, bytes: 1 });
  // Slot 2 is the newest now: the hand stands at the slot after the one that it was.
  deepEqual([policy.victim(() => true), policy.victim(() => true)], [3, 4]);
});

test("SievePolicy keeps what was visited in its place", () => {
  const { policy, visited } = givenFilled();
  for (const slot of [0, 1]) for (const peer of [1, 2]) visit(visited, slot, visitorMark(peer));
  deepEqual(
    policy.victim(() => true),
    2,
  );
  policy.insert(2, { key: 9, bytes: 1 });
  // What is new is met by the hand before what was kept, which CLOCK would do the other way.
  deepEqual(
    [3, 4, 2, 0].map(() => policy.victim(() => true)),
    [3, 4, 2, 0],
  );
});

function givenFilled(): { readonly policy: SievePolicy; readonly visited: Uint8Array } {
  const visited = new Uint8Array(SLOTS);
  const policy = new SievePolicy({ bytesMax: SLOTS, slotsMax: SLOTS, visited });
  for (let slot = 0; slot < SLOTS; slot += 1) policy.insert(slot, { key: slot, bytes: 1 });
  return { policy, visited };
}
