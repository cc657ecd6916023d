/** What has been told and is not to be told again until it is over, the oldest forgotten first. */
export class ToldOnce {
  readonly #max: number;
  readonly #told = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether it is to be told now. */
  begins(key: string): boolean {
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    const [oldest] = this.#told;
    if (this.#told.size > this.#max && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }

  /** Whether it had been told. */
  ends(key: string): boolean {
    return this.#told.delete(key);
  }
}
