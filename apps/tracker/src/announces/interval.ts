import type { Chance } from "@seedfleet/swarm";

/** Of the interval, up or down. */
const JITTER_SHARE = 0.1;

/**
 * The seconds until a client is to announce again: the interval, a tenth more or less by chance, so
 * that a million clients that came at once (the tracker was away) do not come back at once.
 */
export function jittered(intervalMs: number, chance: Chance): number {
  const intervalS = Math.ceil(intervalMs / 1_000);
  const jitterS = Math.floor(intervalS * JITTER_SHARE);
  return intervalS - jitterS + chance.below(2 * jitterS + 1);
}
