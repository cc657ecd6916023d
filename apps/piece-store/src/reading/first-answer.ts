import assert from "node:assert/strict";
import { type Clock, SeedfleetError } from "@seedfleet/runtime";

export type Attempt<Result> = {
  /** What is begun when its signal has aborted is for nothing. */
  readonly run: (signal: AbortSignal) => Promise<Result>;
  /** It has not answered within the hedge, and the next is tried beside it. */
  readonly slow: () => void;
};

export type FirstAnswerOptions = {
  readonly clock: Clock;
  /** How long the latest attempt may take before the next is made beside it. */
  readonly hedgeMs: number;
  readonly signal: AbortSignal;
};

/**
 * Makes the attempts in their order: the next one when one fails, or is slow. The first to succeed
 * gives the result, and the others are told to stop. Rejects with the signal's reason at once, with
 * an `AggregateError` of what was met where all have failed; and what is no failure of the world's
 * but a mistake of ours is not hidden by another attempt.
 */
export async function firstAnswer<Result>(
  attempts: readonly Attempt<Result>[],
  { clock, hedgeMs, signal }: FirstAnswerOptions,
): Promise<Result> {
  assert(attempts.length > 0);
  signal.throwIfAborted();
  const stop = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const failures: unknown[] = [];
  let begun = 0;
  let cancelHedge = (): void => {};
  const next = (): void => {
    cancelHedge();
    const attempt = attempts[begun];
    if (attempt === undefined) return;
    begun += 1;
    if (begun < attempts.length) {
      cancelHedge = clock.after(hedgeMs, () => {
        attempt.slow();
        next();
      });
    }
    attempt.run(stop.signal).then(resolve, failed);
  };
  const failed = (error: unknown): void => {
    failures.push(error);
    if (stop.signal.aborted) return;
    if (!(error instanceof SeedfleetError)) reject(error);
    else if (failures.length === attempts.length) reject(new AggregateError(failures));
    else next();
  };
  const leave = (): void => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    next();
    return await promise;
  } finally {
    cancelHedge();
    signal.removeEventListener("abort", leave);
    stop.abort(signal.reason);
  }
}
