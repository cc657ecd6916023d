/** Stops a timer. Doing so twice is harmless. */
export type CancelTimer = () => void;

/**
 * Time as a port: shells take a `Clock`, cores take `nowMs` as an argument.
 *
 * `nowMs()` is milliseconds since the Unix epoch and never steps backwards within a process, so
 * differences are durations and values may be compared with other machines' to within their skew.
 */
export interface Clock {
  nowMs(): number;
  after(delayMs: number, run: () => void): CancelTimer;
  every(intervalMs: number, run: () => void): CancelTimer;
}

/** The machine's clock. Its timers never keep a process alive on their own. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
  every(intervalMs, run) {
    const timer = setInterval(run, intervalMs).unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
