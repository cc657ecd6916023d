import assert from "node:assert/strict";

/** What an idle bucket saves up: enough for a late timer, too little to matter in ten seconds. */
export const BURST_MS = 100;

/** How much an empty bucket collects before anybody is woken: fewer and larger batches. */
const COLLECT_MS = 5;

/**
 * How many bytes may go at a rate. Whoever finds it above zero may send, and a block that is larger
 * than what is left makes a debt, which is paid before anything else goes: so the rate holds for
 * blocks of any size, to within one of them.
 *
 * Without a limit it is infinitely full, and the arithmetic stays the same.
 */
export class TokenBucket {
  readonly #burstBytesMin: number;
  #bytesPerMs = Number.POSITIVE_INFINITY;
  #burstBytes = Number.POSITIVE_INFINITY;
  #tokens = Number.POSITIVE_INFINITY;
  #filledAtMs: number;

  constructor(bytesPerSecond: number | null, nowMs: number, burstBytesMin = 0) {
    this.#burstBytesMin = burstBytesMin;
    this.#filledAtMs = nowMs;
    this.setRate(bytesPerSecond, nowMs);
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Adds what came since the last time, and gives what there is. */
  refill(nowMs: number): number {
    if (nowMs > this.#filledAtMs) {
      const saved = this.#tokens + (nowMs - this.#filledAtMs) * this.#bytesPerMs;
      this.#tokens = Math.min(saved, this.#burstBytes);
      this.#filledAtMs = nowMs;
    }
    return this.#tokens;
  }

  /** Takes bytes out, below zero too; a negative number puts them back. */
  charge(bytes: number): void {
    this.#tokens -= bytes;
  }

  /** When it holds enough to be worth waking for; infinity if that never happens. */
  get readyAtMs(): number {
    if (this.#bytesPerMs === 0) return Number.POSITIVE_INFINITY;
    const missing = COLLECT_MS * this.#bytesPerMs - this.#tokens;
    return missing > 0 ? this.#filledAtMs + missing / this.#bytesPerMs : this.#filledAtMs;
  }

  /** Null is no limit, zero lets nothing through. */
  setRate(bytesPerSecond: number | null, nowMs: number): void {
    assert(bytesPerSecond === null || (Number.isFinite(bytesPerSecond) && bytesPerSecond >= 0));
    this.refill(nowMs);
    const before = this.#bytesPerMs;
    const after = bytesPerSecond === null ? Number.POSITIVE_INFINITY : bytesPerSecond / 1_000;
    this.#bytesPerMs = after;
    this.#burstBytes = after === 0 ? 0 : Math.max(after * BURST_MS, this.#burstBytesMin);
    if (before === Number.POSITIVE_INFINITY || after === Number.POSITIVE_INFINITY) {
      this.#tokens = this.#burstBytes;
    } else if (this.#tokens < 0 && after < before) {
      // A debt of some milliseconds stays one of so many: a lower limit must not make it hours.
      this.#tokens *= after / before;
    }
    this.#tokens = Math.min(this.#tokens, this.#burstBytes);
  }
}
