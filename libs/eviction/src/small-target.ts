type Bounds = { readonly bytesMin: number; readonly bytesMax: number };

/**
 * How many bytes the small queue should hold, learned from what was forgotten too soon, as ARC
 * does it (Megiddo and Modha, FAST 2003): a piece that the small queue let go and that is wanted
 * again makes it larger, one that the main queue let go makes it smaller. Of the two lists of
 * ghosts the shorter one moves it further, since its ghosts have less of a chance to be wanted.
 */
export class SmallTarget {
  readonly #bounds: Bounds;
  #bytes: number;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#bytes = bounds.bytesMin;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The small queue has let go what is wanted again. `ghostRatio` is what the main queue's ghosts
   * had in bytes for each byte of the small queue's.
   */
  missedSmall(bytes: number, ghostRatio: number): void {
    const step = bytes * Math.max(1, ghostRatio);
    this.#bytes = Math.min(this.#bounds.bytesMax, this.#bytes + step);
  }

  /** The main queue has; `ghostRatio` as above. */
  missedMain(bytes: number, ghostRatio: number): void {
    const step = bytes * Math.max(1, 1 / ghostRatio);
    this.#bytes = Math.max(this.#bounds.bytesMin, this.#bytes - step);
  }
}
