import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { runSwarm } from "./run-swarm.ts";
import type { SwarmPlan } from "./swarm-plan.ts";

const MIB = 1024 * 1024;

function givenPlan(differing: Partial<SwarmPlan> = {}): SwarmPlan {
  return {
    ...{ seed: 1, pieceCount: 20, pieceLengthBytes: MIB / 4 },
    gateways: {
      ...{ count: 1, uploadBytesPerSecond: MIB / 2, unchokeSlots: 4, policy: "round_robin" },
      ...{ coordinated: false, superSeeds: false },
    },
    leechers: Array.from({ length: 6 }, (_, at) => ({
      ...{ className: "any", uploadBytesPerSecond: MIB / 8, arrivesAtMs: at * 1_000 },
      ...{ beginsWith: 0, tricks: [] },
    })),
    ...{ leecherSlots: 4, whenDone: "seeds", countsFromMs: 0, endsAtMs: null },
    ...differing,
  };
}

test("runSwarm() gives the same for the same seed, and another run for another", () => {
  deepEqual(runSwarm(givenPlan()), runSwarm(givenPlan()));
  notDeepEqual(runSwarm(givenPlan()).downloads, runSwarm(givenPlan({ seed: 2 })).downloads);
});

test("runSwarm() lets one leecher have all of an uplink, but for the second that it asks", () => {
  const [only] = givenPlan().leechers;
  ok(only !== undefined);
  const { doneAtMs, copiesBeforeSecondSeed } = runSwarm(givenPlan({ leechers: [only] }));
  // 5 MiB at 512 KiB/s take 10 s; its first slot comes with the gateway's next round.
  ok(doneAtMs >= 10_000 && doneAtMs <= 21_000, `${doneAtMs}`);
  equal(copiesBeforeSecondSeed, 1);
});

test("runSwarm() is never faster than bytes allow, and everybody has everything", () => {
  const { doneAtMs, leechers } = runSwarm(givenPlan());
  // 6 × 5 MiB over 512 KiB/s of the gateway and 6 × 128 KiB/s of leechers.
  ok(doneAtMs >= 24_000, `${doneAtMs}`);
  ok(leechers.every(({ downloadMs }) => downloadMs !== null));
});

test("runSwarm() lets a swarm go on when who is done is followed by another", () => {
  const plan = givenPlan({ whenDone: "is-followed", endsAtMs: 300_000 });
  const { downloads } = runSwarm(plan);
  ok(downloads.length > plan.leechers.length);
  ok(downloads.some(({ beganAtMs }) => beganAtMs > 60_000));
});
