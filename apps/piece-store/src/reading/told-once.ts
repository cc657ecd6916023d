/** What has been told and is not to be told again until it is over, the oldest forgotten first. */
export class ToldOnce {
  readonly #max: number;
  readonly #told = new Map<string, string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** What has been told and is not over, and what was noted of each. */
  get notes(): ReadonlyMap<string, string> {
    return this.#told;
  }

  /** Whether it is to be told now. */
  begins(key: string, note: string = ""): boolean {
    if (this.#told.has(key)) return false;
    this.#told.set(key, note);
    const [oldest] = this.#told.keys();
    if (this.#told.size > this.#max && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }

  /** Whether it had been told. */
  ends(key: string): boolean {
    return this.#told.delete(key);
  }
}
