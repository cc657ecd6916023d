/**
 * When announces go: each as soon as there is room for it, or at a steady rate. At a rate each has
 * a time at which it was due, whether or not there was room, so that a tracker that stalls is
 * charged for all that waited meanwhile.
 */
export class LoadPace {
  readonly #perSecond: number | null;
  #intervalMs = 0;
  #beganMs = 0;
  #taken = 0;
  #left = Number.POSITIVE_INFINITY;

  /** Null is as fast as the tracker answers. */
  constructor({ perSecond }: { readonly perSecond: number | null }) {
    this.#perSecond = perSecond;
  }

  /** From now on at the rate, without an end. */
  begin(nowMs: number): void {
    this.#intervalMs = this.#perSecond === null ? 0 : 1_000 / this.#perSecond;
    this.#left = Number.POSITIVE_INFINITY;
    this.#beganMs = nowMs;
    this.#taken = 0;
  }

  /** So many more may go, at once. */
  allow(announces: number): void {
    this.#intervalMs = 0;
    this.#left = announces;
  }

  /** How many may go by now. */
  due(nowMs: number): number {
    if (this.#intervalMs === 0) return this.#left;
    const all = Math.floor((nowMs - this.#beganMs) / this.#intervalMs) + 1;
    return Math.min(this.#left, all - this.#taken);
  }

  /** Takes one that is due, and gives when it was. */
  take(nowMs: number): number {
    const dueMs = this.#intervalMs === 0 ? nowMs : this.#beganMs + this.#taken * this.#intervalMs;
    this.#taken += 1;
    this.#left -= 1;
    return dueMs;
  }
}
