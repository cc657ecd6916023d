import { STAMP_BITS, STAMP_MASK } from "./peer-entry.ts";

const TICK_MS_MIN = 1_000;

/** How many ticks a peer may be silent at most, so that stamps of some bits tell its age. */
const TIMEOUT_TICKS_MAX = 2 ** (STAMP_BITS - 1);

/**
 * Time in ticks of a second or longer. A stamp is the lower bits of a tick; it can be read as long
 * as it is no older than a turn of 2¹⁴ ticks.
 */
export class TickClock {
  readonly tickMs: number;
  readonly timeoutTicks: number;
  #baseMs: number | null = null;
  /** The latest tick that it was told; time does not step back. */
  now = 0;

  constructor(peerTimeoutMs: number) {
    this.tickMs = Math.max(TICK_MS_MIN, Math.ceil(peerTimeoutMs / TIMEOUT_TICKS_MAX));
    this.timeoutTicks = Math.ceil(peerTimeoutMs / this.tickMs);
  }

  tickAt(ms: number): number {
    // From the first time on, so that ticks are small numbers.
    this.#baseMs ??= Math.floor(ms / this.tickMs) * this.tickMs;
    return Math.floor((ms - this.#baseMs) / this.tickMs);
  }

  stampedAt(stamp: number): number {
    return this.now - ((this.now - stamp) & STAMP_MASK);
  }
}
