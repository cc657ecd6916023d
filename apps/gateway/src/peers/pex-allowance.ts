import { PEX_BURST_MAX, PEX_INTERVAL_MS_MIN } from "./peer-limits.ts";

/** How many messages of PEX one peer may send: BEP 11 allows one a minute. */
export class PexAllowance {
  #left = PEX_BURST_MAX;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Whether one more may come now. */
  take(nowMs: number): boolean {
    const elapsed = (nowMs - this.#atMs) / PEX_INTERVAL_MS_MIN;
    this.#left = Math.min(PEX_BURST_MAX, this.#left + elapsed) - 1;
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}
