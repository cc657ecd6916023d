import { BEP3_UNCHOKE_SLOTS } from "@seedfleet/choker";
import { seededRng } from "@seedfleet/runtime";
import type { GatewaysPlan, LeecherPlan, SwarmPlan, Trick } from "./swarm/swarm-plan.ts";

const KB = 1_000;
const KIB = 1_024;

export const CLASS_NAMES = ["slow", "medium", "fast"] as const;

export type ClassName = (typeof CLASS_NAMES)[number];

/** By class, what each of its leechers can send, in bytes per second. */
export type ClassRates = Readonly<Record<ClassName, number>>;

/** The slow give half of the mean. */
export const EVEN_CLASSES: ClassRates = { slow: 50 * KB, medium: 100 * KB, fast: 200 * KB };

/** As Legout had them (2007): the slow give less than a quarter of the mean. */
export const STEEP_CLASSES: ClassRates = { slow: 20 * KB, medium: 50 * KB, fast: 200 * KB };

/** Forty leechers, which is Legout's swarm too. */
const COUNTS: Readonly<Record<ClassName, number>> = { slow: 13, medium: 14, fast: 13 };

export type ThreeClasses = {
  readonly seed: number;
  readonly pieceCount: number;
  readonly rates: ClassRates;
  readonly gateways: GatewaysPlan;
  readonly leecherSlots?: number;
  /**
   * A swarm that goes on like this for so long: everybody is somewhere in the download at first,
   * and who is done is followed by another at once. If absent, a flash crowd that stays and seeds.
   */
  readonly goesOnForMs?: number;
  readonly countsFromMs?: number;
  /** What the first leecher of a class does; null if it is not there at all. */
  readonly first?: Partial<Record<ClassName, readonly Trick[] | null>>;
};

/** A swarm of three classes that have all the downlink they need. */
export function threeClasses(given: ThreeClasses): SwarmPlan {
  const { seed, pieceCount, gateways, goesOnForMs = null, first = {} } = given;
  const rng = seededRng(seed);
  const leechers = CLASS_NAMES.flatMap((className) => {
    const uploadBytesPerSecond = given.rates[className];
    return Array.from({ length: COUNTS[className] }, (_, at): LeecherPlan | null => {
      const tricks = at === 0 ? first[className] : [];
      // Drawn for everybody, so that who cheats and who is missing changes nothing for others.
      const [arrivesAtMs, share] = [rng.below(10) * 1_000, rng.below(1_000) / 1_000];
      const beginsWith = goesOnForMs === null || at === 0 ? 0 : share;
      if (tricks === null) return null;
      return { className, uploadBytesPerSecond, arrivesAtMs, beginsWith, tricks: tricks ?? [] };
    });
  });
  return {
    ...{ seed, pieceCount, pieceLengthBytes: 256 * KIB, gateways },
    leechers: leechers.filter((each) => each !== null),
    leecherSlots: given.leecherSlots ?? BEP3_UNCHOKE_SLOTS,
    whenDone: goesOnForMs === null ? "seeds" : "is-followed",
    countsFromMs: given.countsFromMs ?? 0,
    endsAtMs: goesOnForMs,
  };
}
