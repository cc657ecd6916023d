/** Sets of zones, each kept once. */
export class ZoneSets {
  readonly #known = new Map<string, readonly string[]>();

  /** The array that stands for these zones, in whatever order they are given. */
  of(zones: readonly string[]): readonly string[] {
    const sorted = [...new Set(zones)].toSorted();
    const key = sorted.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, sorted);
    return sorted;
  }
}
