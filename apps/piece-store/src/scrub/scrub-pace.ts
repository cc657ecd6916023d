import { type Clock, delay } from "@seedfleet/runtime";

/** How long the scrub leaves the disks alone while reads wait for them, before it looks again. */
export const SCRUB_BEAT_MS = 100;

/** So that a store that is never idle is checked all the same, if slowly. */
const BEATS_MAX = 50;

export type PacePorts = {
  readonly clock: Clock;
  /** Beyond 1 there are reads that wait. */
  readonly reads: { readonly load: number };
};

/** Lets the scrub go no faster than its budget, and lets reads that wait go first. */
export class ScrubPace {
  readonly #ports: PacePorts;
  readonly #bytesPerSecond: number;
  /** When the budget allows more. */
  #nextAtMs = -Infinity;

  constructor(ports: PacePorts, bytesPerSecond: number) {
    this.#ports = ports;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /**
   * Resolves when so many bytes may be read. Time in which nothing was read is not saved up.
   * Rejects with the signal's reason at once when it aborts.
   */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const { clock, reads } = this.#ports;
    const waitMs = this.#nextAtMs - clock.nowMs();
    if (waitMs > 0) await delay(clock, waitMs, signal);
    for (let beat = 0; beat < BEATS_MAX && reads.load > 1 && !signal.aborted; beat += 1) {
      await delay(clock, SCRUB_BEAT_MS, signal);
    }
    signal.throwIfAborted();
    const atMs = Math.max(clock.nowMs(), this.#nextAtMs);
    this.#nextAtMs = atMs + (bytes * 1_000) / this.#bytesPerSecond;
  }
}
