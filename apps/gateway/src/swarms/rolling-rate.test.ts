import { equal } from "node:assert/strict";
import { test } from "node:test";
import { RollingRate } from "./rolling-rate.ts";

const cases = [
  { given: "nothing sent", samples: [[10_000, 0]], then: 0 },
  { given: "a sample at the start", samples: [[0, 500]], then: 0 },
  { given: "a steady rate for one round", samples: [[10_000, 10_000]], then: 1_000 },
  {
    given: "a steady rate for a minute",
    samples: [1, 2, 3, 4, 5, 6].map((round) => [round * 10_000, round * 10_000] as const),
    then: 1_000,
  },
  {
    given: "a burst within the window",
    samples: [
      [10_000, 0],
      [20_000, 40_000],
    ],
    then: 2_000,
  },
  {
    given: "a burst at the edge of the window",
    samples: [
      [10_000, 40_000],
      [20_000, 40_000],
      [30_000, 40_000],
    ],
    then: 0,
  },
  {
    given: "a burst that is 19.999 s old",
    samples: [
      [10_000, 0],
      [10_001, 40_000],
      [30_000, 40_000],
    ],
    then: 2_000,
  },
  {
    given: "no sample in the window but this one",
    samples: [
      [10_000, 1_000],
      [110_000, 101_000],
    ],
    then: 1_000,
  },
  {
    given: "a total that fell, since headers wait in the socket as well",
    samples: [
      [10_000, 1_000],
      [20_000, 1_000],
      [30_000, 987],
    ],
    then: 0,
  },
] as const;

for (const { given, samples, then } of cases) {
  test(`RollingRate.sample() given ${given}`, () => {
    const rate = new RollingRate(0);
    let last = Number.NaN;
    for (const [atMs, totalBytes] of samples) last = rate.sample(totalBytes, atMs);
    equal(last, then);
  });
}
