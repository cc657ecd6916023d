import type { TrackerEntry } from "./tracker-entry.ts";

type Tier = readonly TrackerEntry[];

/** Whom of a tier a seed asks now; null while one that answers has it in its list. */
export function dueOfTier(tier: Tier, nowMs: number): TrackerEntry | null {
  if (listedUntilMs(tier) > nowMs) return null;
  return tier.find((each) => each.mayBeAsked(nowMs)) ?? null;
}

/** When there is somebody to ask at the soonest; null where nobody ever may be. */
export function wakeOfTier(tier: Tier): number | null {
  const times = tier.filter(({ state }) => state !== "given-up").map((each) => each.notBeforeMs);
  return times.length === 0 ? null : Math.max(listedUntilMs(tier), Math.min(...times));
}

function listedUntilMs(tier: Tier): number {
  const answering = tier.filter(({ state }) => state === "answering");
  return Math.max(0, ...answering.map(({ dueAtMs }) => dueAtMs));
}
