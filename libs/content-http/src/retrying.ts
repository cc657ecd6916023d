import { contentUnreadable } from "@seedfleet/content";
import { type Clock, delay } from "@seedfleet/runtime";
import { PassingFault } from "./faults.ts";
import { ATTEMPTS_MAX, RETRY_AFTER_MS_MAX, RETRY_MS_MAX } from "./http-limits.ts";
import { shown } from "./location.ts";

/** Doubled each time. */
const RETRY_DELAY_MS = 200;

export type Tried = {
  readonly clock: Clock;
  readonly url: URL;
  readonly signal: AbortSignal;
};

/**
 * Tries again what failed with a `PassingFault`, as often and as long as the limits let it, and
 * waits as long as the origin asks. Rejects with `content-unreadable` in the end, and at once where
 * the origin asks for more time than there is.
 */
export async function retrying<Result>(
  { clock, url, signal }: Tried,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const giveUpAtMs = clock.nowMs() + RETRY_MS_MAX;
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingFault)) throw error;
      const waitMs = error.waitMs ?? RETRY_DELAY_MS * 2 ** (attempts - 1);
      const isTooLong = waitMs > RETRY_AFTER_MS_MAX || clock.nowMs() + waitMs >= giveUpAtMs;
      if (attempts === ATTEMPTS_MAX || isTooLong) throw gaveUp(url, attempts, error);
      if (waitMs > 0) await delay(clock, waitMs, signal);
    }
  }
}

function gaveUp(url: URL, attempts: number, fault: PassingFault): Error {
  const tries = attempts === 1 ? "tried once" : `tried ${attempts} times`;
  const asked = fault.waitMs === null || fault.waitMs <= RETRY_AFTER_MS_MAX;
  const wait = asked ? "" : `, and asks to wait ${Math.ceil((fault.waitMs ?? 0) / 1_000)} s`;
  return contentUnreadable(shown(url), `${fault.message}${wait} (${tries})`, fault);
}
