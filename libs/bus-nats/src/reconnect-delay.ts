import assert from "node:assert/strict";

export type ReconnectConfig = {
  /** How long to wait before the second attempt; the first comes at once. */
  readonly delayMsMin: number;
  /** Each wait is twice the one before, up to this. */
  readonly delayMsMax: number;
};

export const RECONNECT_DEFAULTS: ReconnectConfig = { delayMsMin: 100, delayMsMax: 5_000 };

/**
 * How long to wait before attempt number `attempt` (0, 1, 2 …). `chance` in [0, 1) spreads a fleet
 * over the upper half of the wait, lest it come back as one.
 */
export function reconnectDelayMs(
  { delayMsMin, delayMsMax }: ReconnectConfig,
  attempt: number,
  chance: number,
): number {
  assert(delayMsMin > 0 && delayMsMax >= delayMsMin);
  const waitMs = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(attempt, 30));
  return Math.ceil(waitMs * (0.5 + chance / 2));
}
