import assert from "node:assert/strict";

export type ReconnectConfig = {
  /** How long to wait before the second attempt; the first comes at once. */
  readonly delayMsMin: number;
  /** Each wait is twice the one before, up to this. */
  readonly delayMsMax: number;
};

/**
 * Once NATS is there again, each process is back within this and a greeting. A server that is away
 * refuses a try at little cost, and one that comes back takes some thousand connections a second,
 * more than a fleet has processes.
 */
const RECONNECT_MS_MAX = 1_000;

export const RECONNECT_DEFAULTS: ReconnectConfig = {
  delayMsMin: 100,
  delayMsMax: RECONNECT_MS_MAX,
};

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
