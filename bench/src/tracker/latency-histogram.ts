const MICROSECONDS_MAX = 2_000_000;

/** How long announces took, to the microsecond; whatever took two seconds or more is one. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(MICROSECONDS_MAX + 1);
  #total = 0;

  add(milliseconds: number): void {
    const microseconds = Math.min(Math.ceil(milliseconds * 1_000), MICROSECONDS_MAX);
    const at = Math.max(0, microseconds);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** Milliseconds that `percent` of all did not exceed (nearest rank); 0 of none. */
  percentile(percent: number): number {
    const rank = Math.ceil((percent / 100) * this.#total);
    let seen = 0;
    for (let at = 0; at <= MICROSECONDS_MAX && rank > 0; at += 1) {
      seen += this.#counts[at] ?? 0;
      if (seen >= rank) return at / 1_000;
    }
    return 0;
  }
}
