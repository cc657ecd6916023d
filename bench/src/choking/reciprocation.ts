import { mean } from "./mean.ts";
import { runSwarm } from "./swarm/run-swarm.ts";
import type { Download, SwarmFigures } from "./swarm/swarm-meter.ts";
import { CLASS_NAMES, type ClassName, type ClassRates, threeClasses } from "./three-classes.ts";

export type ReciprocationCase = {
  readonly seed: number;
  readonly rates: ClassRates;
  readonly leecherSlots: number;
  /** Of 256 KiB each. */
  readonly pieceCount: number;
};

/** What giving is worth, and what those cost who give nothing. */
export type Reciprocation = {
  readonly seed: number;
  /** By class, how much longer a free rider's download took than those of the honest; at least. */
  readonly riderTakesTimes: Readonly<Record<ClassName, number>>;
  /** The share of their download rate that honest peers lose to three free riders. */
  readonly honestLoss: number;
};

/** Slow: some 1 % of what the leechers send. */
const GATEWAY_BYTES_PER_SECOND = 50_000;
/** Long enough for a free rider: for each piece so long. */
const LASTS_MS_PER_PIECE = 18_000;

/** Downloads that began later may not be done at the end, and only the quick ones would count. */
const BEGAN_BY_SHARE = 0.4;

/**
 * Forty leechers in three classes in a swarm that goes on. The first of each class gives nothing,
 * beside the same swarm in which these three are not there.
 */
export function reciprocation(given: ReciprocationCase): Reciprocation {
  const gateways = {
    ...{ count: 1, uploadBytesPerSecond: GATEWAY_BYTES_PER_SECOND, unchokeSlots: 4 },
    ...({ policy: "legout", coordinated: false, superSeeds: false } as const),
  };
  const { seed, rates, leecherSlots, pieceCount } = given;
  const goesOnForMs = LASTS_MS_PER_PIECE * pieceCount;
  const swarm = { seed, rates, leecherSlots, gateways, pieceCount, goesOnForMs };
  const rides = ["gives-nothing"] as const;
  const riding = runSwarm(
    threeClasses({ ...swarm, first: { slow: rides, medium: rides, fast: rides } }),
  );
  const without = runSwarm(
    threeClasses({ ...swarm, first: { slow: null, medium: null, fast: null } }),
  );
  const losses = CLASS_NAMES.map(
    (name) => 1 - honestRate(riding, name) / honestRate(without, name),
  );
  const ofClass = (name: ClassName): readonly Download[] =>
    riding.downloads.filter((each) => each.className === name);
  return {
    seed,
    riderTakesTimes: {
      slow: riderTakesTimes(ofClass("slow"), goesOnForMs),
      medium: riderTakesTimes(ofClass("medium"), goesOnForMs),
      fast: riderTakesTimes(ofClass("fast"), goesOnForMs),
    },
    honestLoss: mean(losses),
  };
}

function riderTakesTimes(downloads: readonly Download[], endsAtMs: number): number {
  const honest = downloads.filter((each) => {
    return each.isHonest && each.beganAtMs <= BEGAN_BY_SHARE * endsAtMs;
  });
  const rider = downloads.find((each) => !each.isHonest);
  const tookMs = rider?.tookMs ?? endsAtMs - (rider?.beganAtMs ?? 0);
  return tookMs / mean(honest.flatMap((each) => each.tookMs ?? []));
}

function honestRate({ leechers }: SwarmFigures, className: ClassName): number {
  const own = leechers.filter((each) => each.className === className && each.isHonest);
  return mean(own.map((each) => each.downloadBytesPerSecond));
}
