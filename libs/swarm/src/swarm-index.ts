import { KeyedHash } from "./keyed-hash.ts";
import { storeWords } from "./store-words.ts";
import type { Chance } from "./swarm-peer.ts";
import { INFO_HASH_WORDS, type SwarmRows } from "./swarm-rows.ts";

const WORD_BYTES = 4;
const SLOTS = 2_048;
const SLOT_MASK = SLOTS - 1;

/** With tags a long probe is cheap, so segments may be rather full. */
const SEGMENT_ROWS_MAX = 1_638;

/** A slot has the row + 1 and, above it, six bits of the hash: most other rows need no look. */
const ROW_BITS = 26;
const ROW_MASK = 2 ** ROW_BITS - 1;
const TAG_MASK = ~ROW_MASK;
const TAG_SHIFT = 15;

/** The most rows that slots can tell. */
export const ROWS_MAX: number = ROW_MASK - 1;

type Segment = {
  readonly slots: Int32Array;
  /** How many of the upper bits of the hash all its rows have in common. */
  depth: number;
  count: number;
};

/**
 * From info hash to row: extendible hashing, which grows by splitting one small segment at a time,
 * so no announce waits until a million rows have found new places.
 */
export class SwarmIndex {
  readonly #rows: SwarmRows;
  readonly #hash: KeyedHash;
  /** A segment for every value of the upper `#depth` bits of the hash. */
  #directory: Segment[] = [newSegment(1), newSegment(1)];
  #depth = 1;
  #segments = 2;

  constructor(rows: SwarmRows, chance: Chance) {
    this.#rows = rows;
    this.#hash = new KeyedHash({ words: INFO_HASH_WORDS, lastMask: -1 }, chance);
  }

  get bytes(): number {
    return this.#segments * SLOTS * WORD_BYTES;
  }

  /** The row of an info hash, or −1. */
  find(infoHash: Int32Array): number {
    const hash = this.#hash.of(infoHash, 0);
    const { slots } = this.#segment(hash);
    const tag = (hash << TAG_SHIFT) & TAG_MASK;
    for (let at = hash & SLOT_MASK; ; at = (at + 1) & SLOT_MASK) {
      const slot = slots[at] ?? 0;
      if (slot === 0) return -1;
      if ((slot & TAG_MASK) !== tag) continue;
      const row = (slot & ROW_MASK) - 1;
      if (this.#rows.hasInfoHash(row, infoHash)) return row;
    }
  }

  add(row: number): void {
    const hash = this.#hashOf(row);
    let segment = this.#segment(hash);
    while (segment.count >= SEGMENT_ROWS_MAX) {
      this.#split(segment, hash);
      segment = this.#segment(hash);
    }
    put(segment, hash, row);
  }

  /** Called while the row still has its info hash. */
  remove(row: number): void {
    const hash = this.#hashOf(row);
    const segment = this.#segment(hash);
    const { slots } = segment;
    let gap = hash & SLOT_MASK;
    while (((slots[gap] ?? 0) & ROW_MASK) !== row + 1) gap = (gap + 1) & SLOT_MASK;
    // Whoever was pushed past the gap moves back, so that no search ends too early.
    for (let at = (gap + 1) & SLOT_MASK; slots[at] !== 0; at = (at + 1) & SLOT_MASK) {
      const slot = slots[at] ?? 0;
      const home = this.#hashOf((slot & ROW_MASK) - 1) & SLOT_MASK;
      if (((at - home) & SLOT_MASK) < ((at - gap) & SLOT_MASK)) continue;
      slots[gap] = slot;
      gap = at;
    }
    slots[gap] = 0;
    segment.count -= 1;
  }

  #hashOf(row: number): number {
    return this.#hash.of(this.#rows.segment(row), this.#rows.start(row));
  }

  #segment(hash: number): Segment {
    return this.#directory[hash >>> (32 - this.#depth)] as Segment;
  }

  #split(full: Segment, hash: number): void {
    if (full.depth === this.#depth) {
      this.#directory = this.#directory.flatMap((segment) => [segment, segment]);
      this.#depth += 1;
    }
    const depth = full.depth + 1;
    const [low, high] = [newSegment(depth), newSegment(depth)];
    for (const slot of full.slots) {
      if (slot === 0) continue;
      const row = (slot & ROW_MASK) - 1;
      const its = this.#hashOf(row);
      put((its >>> (32 - depth)) & 1 ? high : low, its, row);
    }
    const span = 2 ** (this.#depth - depth);
    const first = (hash >>> (32 - full.depth)) * 2 * span;
    this.#directory.fill(low, first, first + span);
    this.#directory.fill(high, first + span, first + 2 * span);
    this.#segments += 1;
  }
}

function newSegment(depth: number): Segment {
  return { slots: storeWords(SLOTS), depth, count: 0 };
}

function put(segment: Segment, hash: number, row: number): void {
  const { slots } = segment;
  let at = hash & SLOT_MASK;
  while (slots[at] !== 0) at = (at + 1) & SLOT_MASK;
  slots[at] = ((hash << TAG_SHIFT) & TAG_MASK) | (row + 1);
  segment.count += 1;
}
