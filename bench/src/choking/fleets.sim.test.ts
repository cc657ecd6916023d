import { ok } from "node:assert/strict";
import { test } from "node:test";
import { fleetFigures } from "./fleets.ts";

const PIECES = 113;
const SEEDS = [1, 2];
const LEECHERS = 40;
const OPTIMISTIC_MS = 30_000;

/** Legout's lot has no queue until somebody waited ten minutes; then it is served in order. */
const OVERDUE_MS = 600_000;

/** Of sixteen slots three are optimistic, and come round to each of forty. */
const ROTATION_MS = (LEECHERS * OPTIMISTIC_MS) / 3;

for (const policy of ["round_robin", "fastest_upload", "anti_leech", "legout"] as const) {
  test(`a fleet uses 95 % of its uplink by ${policy}, and starves nobody`, () => {
    const given = { policy, coordinated: true, superSeeds: false, uploadBytesPerSecond: 400_000 };
    for (const seed of SEEDS) {
      const { uplinkUse, longestWaitMs } = fleetFigures({ seed, pieceCount: PIECES, ...given });
      ok(uplinkUse >= 0.95, `seed ${seed}: ${uplinkUse} of the uplink was used`);
      const waitMsMax = ROTATION_MS + (policy === "legout" ? OVERDUE_MS : 0);
      ok(longestWaitMs <= waitMsMax, `seed ${seed}: somebody waited ${longestWaitMs} ms`);
    }
  });
}

test("four gateways in one round serve a leecher once, and the first copies go further", () => {
  const given = { policy: "round_robin", superSeeds: true, uploadBytesPerSecond: 100_000 } as const;
  for (const seed of SEEDS) {
    const alone = fleetFigures({ seed, pieceCount: PIECES, ...given, coordinated: false });
    const fleet = fleetFigures({ seed, pieceCount: PIECES, ...given, coordinated: true });
    const both = `seed ${seed}: ${JSON.stringify({ alone, fleet })}`;
    ok(fleet.unchokesPerLeecher < 1.1 && alone.unchokesPerLeecher > 1.5, both);
    ok(fleet.copiesBeforeSecondSeed < alone.copiesBeforeSecondSeed - 0.1, both);
    ok(fleet.timesLeastTime < alone.timesLeastTime, both);
  }
});
