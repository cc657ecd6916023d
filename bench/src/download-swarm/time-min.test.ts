import { equal } from "node:assert/strict";
import { test } from "node:test";
import { swarmSecondsMin } from "./time-min.ts";

const swarms = [
  { given: "a slow seed", seed: 10, leechers: 2, each: 1_000, then: 100 },
  { given: "slow leechers", seed: 1_000, leechers: 4, each: 250, then: 2 },
  { given: "no leecher that uploads", seed: 100, leechers: 3, each: 0, then: 30 },
] as const;

for (const { given, seed, leechers, each, then } of swarms) {
  test(`swarmSecondsMin() given ${given}`, () => {
    const rates = { seedBytesPerSecond: seed, leechers, leecherBytesPerSecond: each };
    equal(swarmSecondsMin({ sizeBytes: 1_000, ...rates }), then);
  });
}
