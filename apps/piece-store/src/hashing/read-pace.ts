/** What asking for bytes costs at most, opening a file included, when nothing is waited for. */
const ASKING_MS = 0.1;

/** So many units are read ahead before a source that was slow is tried again without. */
const UNITS_AHEAD = 16;

/**
 * Decides for each unit whether to read ahead of the hash.
 *
 * From memory a read takes a tenth of the hash's time, and whoever reads ahead pays twice: other
 * threads want the processor, and the bytes are not in its cache. So it is done only while most
 * reads take longer than hashing what they gave. A few do on any busy machine, where a thread has
 * to wait for its turn as often as not; they prove nothing about the source.
 */
export class ReadPace {
  #unitsAhead = 0;
  #reads = 0;
  #slowReads = 0;

  get isAhead(): boolean {
    return this.#unitsAhead > 0;
  }

  /** One read of a unit that is not read ahead, and the hashing of what it gave. */
  read(readMs: number, hashMs: number): void {
    this.#reads += 1;
    if (readMs > hashMs + ASKING_MS) this.#slowReads += 1;
  }

  /** A unit is over. */
  endUnit(): void {
    if (this.isAhead) this.#unitsAhead -= 1;
    else if (this.#slowReads > this.#reads / 2) this.#unitsAhead = UNITS_AHEAD;
    this.#reads = 0;
    this.#slowReads = 0;
  }
}
