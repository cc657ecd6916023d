import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { DemandTally } from "./demand-tally.ts";

const HELD_BACK = Number.POSITIVE_INFINITY;

const cases = [
  { given: "nothing", intervals: [], then: [0, 0] },
  {
    given: "what two want, on average",
    intervals: [
      [10, 20],
      [30, 40],
    ],
    then: [50, 2],
  },
  {
    given: "one that is held back most of the time",
    intervals: [
      [HELD_BACK, 1],
      [HELD_BACK, 1],
      [5, 5],
    ],
    then: [HELD_BACK, 2],
  },
  {
    given: "one that is held back now and then",
    intervals: [
      [HELD_BACK, 1],
      [6, 6],
      [4, 4],
    ],
    then: [10, 2],
  },
] as const;

for (const { given, intervals, then } of cases) {
  test(`DemandTally.read() given ${given}`, () => {
    const tally = new DemandTally();
    for (const wants of intervals) {
      tally.add(wants.map((wantedBytesPerSecond) => ({ wantedBytesPerSecond, activePeers: 1 })));
    }
    const [wantedBytesPerSecond, activePeers] = then;
    deepEqual(tally.read(), { wantedBytesPerSecond, activePeers });
    deepEqual(tally.read(), { wantedBytesPerSecond: 0, activePeers: 0 });
  });
}
