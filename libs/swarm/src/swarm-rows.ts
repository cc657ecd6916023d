import { storeWords } from "./store-words.ts";

const WORD_BYTES = 4;
const ROWS_PER_SEGMENT = 1_024;
const SEGMENT_SHIFT = 10;

/** A row: the info hash, four pools as block and count, and what follows. */
export const INFO_HASH_WORDS = 5;
export const POOLS_AT = 5;
export const PARTIAL_SEEDS_AT = 13;
export const DOWNLOADED_AT = 14;
/** The neighbours in the list the row is in, as row + 1; 0 for none. */
export const NEXT_AT = 15;
export const PREVIOUS_AT = 16;
/** The tick its oldest peer may be too old at; of no meaning for a swarm without peers. */
export const DUE_AT = 17;
const ROW_WORDS = 18;

/** In the place of the partial seeds of a row that is free. */
const FREE = -1;

/** What every swarm has, in rows that never move; the one freed last is used again first. */
export class SwarmRows {
  readonly #segments: Int32Array[] = [];
  #used = 0;
  /** As row + 1, linked by `NEXT_AT`. */
  #freed = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Rows from here on have never been used. */
  get end(): number {
    return this.#used;
  }

  get bytes(): number {
    return this.#segments.length * ROWS_PER_SEGMENT * ROW_WORDS * WORD_BYTES;
  }

  /** The segment that a row lies in, from `start(row)` on. */
  segment(row: number): Int32Array {
    return this.#segments[row >>> SEGMENT_SHIFT] as Int32Array;
  }

  start(row: number): number {
    return (row & (ROWS_PER_SEGMENT - 1)) * ROW_WORDS;
  }

  isUsed(row: number): boolean {
    return row < this.#used && this.get(row, PARTIAL_SEEDS_AT) !== FREE;
  }

  get(row: number, field: number): number {
    return this.segment(row)[this.start(row) + field] ?? 0;
  }

  set(row: number, field: number, value: number): void {
    this.segment(row)[this.start(row) + field] = value;
  }

  /** A row with this info hash and nothing else. */
  add(infoHash: Int32Array): number {
    const row = this.#freed === 0 ? this.#used : this.#freed - 1;
    if (this.#freed !== 0) this.#freed = this.get(row, NEXT_AT);
    else this.#grow();
    const segment = this.segment(row);
    const start = this.start(row);
    segment.fill(0, start, start + ROW_WORDS);
    for (let each = 0; each < INFO_HASH_WORDS; each += 1) {
      segment[start + each] = infoHash[each] ?? 0;
    }
    this.#count += 1;
    return row;
  }

  remove(row: number): void {
    this.set(row, PARTIAL_SEEDS_AT, FREE);
    this.set(row, NEXT_AT, this.#freed);
    this.#freed = row + 1;
    this.#count -= 1;
  }

  hasInfoHash(row: number, infoHash: Int32Array): boolean {
    const segment = this.segment(row);
    const start = this.start(row);
    for (let each = 0; each < INFO_HASH_WORDS; each += 1) {
      if (segment[start + each] !== infoHash[each]) return false;
    }
    return true;
  }

  /** The peers of one pool, 0 to 3. */
  peersIn(row: number, pool: number): number {
    return this.segment(row)[this.start(row) + POOLS_AT + 2 * pool + 1] ?? 0;
  }

  peersOf(row: number): number {
    const segment = this.segment(row);
    const counts = this.start(row) + POOLS_AT + 1;
    const ipv4 = (segment[counts] ?? 0) + (segment[counts + 2] ?? 0);
    return ipv4 + (segment[counts + 4] ?? 0) + (segment[counts + 6] ?? 0);
  }

  #grow(): void {
    if (this.#used === this.#segments.length * ROWS_PER_SEGMENT) {
      this.#segments.push(storeWords(ROWS_PER_SEGMENT * ROW_WORDS));
    }
    this.#used += 1;
  }
}
