import type { SeedPolicy } from "@seedfleet/choker";
import { runSwarm } from "./swarm/run-swarm.ts";
import type { SwarmFigures } from "./swarm/swarm-meter.ts";
import type { SwarmPlan } from "./swarm/swarm-plan.ts";
import { STEEP_CLASSES, threeClasses } from "./three-classes.ts";

export type FleetCase = {
  readonly seed: number;
  readonly policy: SeedPolicy;
  readonly coordinated: boolean;
  readonly superSeeds: boolean;
  /** Of 256 KiB each. */
  readonly pieceCount: number;
  /** Of all four gateways. */
  readonly uploadBytesPerSecond: number;
};

export type FleetFigures = {
  readonly seed: number;
  readonly unchokesPerLeecher: number;
  readonly copiesBeforeSecondSeed: number;
  /** When the last had everything, by the least time that any schedule takes. */
  readonly timesLeastTime: number;
  readonly longestWaitMs: number;
  readonly uplinkUse: number;
};

const GATEWAYS = 4;

/** A flash crowd of forty at four gateways. Who has everything stays and seeds. */
export function fleetFigures({ seed, policy, pieceCount, ...given }: FleetCase): FleetFigures {
  const plan = threeClasses({
    ...{ seed, pieceCount, rates: STEEP_CLASSES },
    gateways: {
      ...{ count: GATEWAYS, unchokeSlots: 4, policy },
      uploadBytesPerSecond: given.uploadBytesPerSecond / GATEWAYS,
      ...{ coordinated: given.coordinated, superSeeds: given.superSeeds },
    },
  });
  const figures: SwarmFigures = runSwarm(plan);
  return {
    seed,
    unchokesPerLeecher: figures.unchokesPerLeecher,
    copiesBeforeSecondSeed: figures.copiesBeforeSecondSeed,
    timesLeastTime: figures.doneAtMs / leastTimeMs(plan),
    longestWaitMs: Math.max(...figures.leechers.map(({ longestWaitMs }) => longestWaitMs)),
    uplinkUse: figures.uplinkUse,
  };
}

/** Kumar and Ross (2006): the least time in which all have everything; downlinks have no limit. */
export function leastTimeMs({
  pieceCount,
  pieceLengthBytes,
  gateways,
  leechers,
}: SwarmPlan): number {
  const contentBytes = pieceCount * pieceLengthBytes;
  const ofGateways = gateways.count * gateways.uploadBytesPerSecond;
  const ofLeechers = leechers.reduce((sum, each) => sum + each.uploadBytesPerSecond, 0);
  const seconds = Math.max(
    contentBytes / ofGateways,
    (leechers.length * contentBytes) / (ofGateways + ofLeechers),
  );
  return seconds * 1_000;
}
