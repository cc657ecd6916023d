import type { SeedPolicy } from "@seedfleet/choker";
import { mean } from "./mean.ts";
import { runSwarm } from "./swarm/run-swarm.ts";
import type { Trick } from "./swarm/swarm-plan.ts";
import {
  CLASS_NAMES,
  type ClassName,
  type ClassRates,
  EVEN_CLASSES,
  threeClasses,
} from "./three-classes.ts";

export type AdversaryCase = {
  readonly seed: number;
  readonly policy: SeedPolicy;
  readonly tricks: readonly Trick[];
  /** `gateway`: nearly all comes from it. `leechers`: nearly all from them, for what one gives. */
  readonly dependsOn: "gateway" | "leechers";
};

/** How much more of the swarm one has that cheats; below zero if less. */
export type AdversaryGain = {
  readonly seed: number;
  /** Its download rate by that of the honest of its class, less one; the mean of the classes. */
  readonly gain: number;
  readonly byClass: Readonly<Record<ClassName, number>>;
};

const POOR_CLASSES: ClassRates = { slow: 10_000, medium: 10_000, fast: 10_000 };

/** The first downloads of those who found an empty gateway do not count. */
const COUNTS_FROM_MS = 300_000;
const LASTS_MS = 2_100_000;

/**
 * The first of each class cheats, in a swarm of forty that goes on. Without tricks it is as honest
 * as the others, which shows how much is chance.
 */
export function adversaryGain({ seed, policy, tricks, dependsOn }: AdversaryCase): AdversaryGain {
  const onGateway = dependsOn === "gateway";
  const { leechers } = runSwarm(
    threeClasses({
      ...{ seed, pieceCount: 113, rates: onGateway ? POOR_CLASSES : EVEN_CLASSES },
      ...{ goesOnForMs: LASTS_MS, countsFromMs: COUNTS_FROM_MS },
      gateways: {
        ...{ count: 1, policy, unchokeSlots: onGateway ? 8 : 4 },
        uploadBytesPerSecond: onGateway ? 2_000_000 : 50_000,
        ...{ coordinated: false, superSeeds: false },
      },
      first: { slow: tricks, medium: tricks, fast: tricks },
    }),
  );
  const gainOf = (name: ClassName): number => {
    const [first, ...others] = leechers
      .filter(({ className }) => className === name)
      .map((each) => each.downloadBytesPerSecond);
    return (first ?? 0) / mean(others) - 1;
  };
  const byClass = { slow: gainOf("slow"), medium: gainOf("medium"), fast: gainOf("fast") };
  return { seed, gain: mean(CLASS_NAMES.map((name) => byClass[name])), byClass };
}
