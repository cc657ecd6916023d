import assert from "node:assert/strict";
import { INFO_HASH_BYTES } from "./info-hash.ts";

const WORDS = INFO_HASH_BYTES / 4;

/** Slots are handed out up to it; the index below holds them plus one as 32-bit integers. */
const SLOTS_MAX = 2 ** 31 - 2;

const SLOTS_MIN = 8;

/** The index is at most this full, so that a look-up ends after a step or two. */
const LOAD_MAX = 0.75;

/** Two odd constants that spread bits well (Chris Wellons' hash-prospector, "lowbias32"). */
const MIX_1 = 0x7feb352d;
const MIX_2 = 0x846ca68b;

/**
 * A set of info hashes that numbers them: an info hash has a slot from 0 on while it is in, so that
 * whoever uses it keeps what belongs to it in arrays of its own. Some 28 bytes each, and nothing is
 * allocated to look one up. The slots of removed ones are given again.
 *
 * Info hashes are chosen by strangers, so the table is keyed: `seed` is 32 random bits.
 */
export class InfoHashTable {
  readonly #seed: number;
  /** Five words each, in the order of memory. */
  #words: Uint32Array = new Uint32Array(SLOTS_MIN * WORDS);
  /** Open addressing: a slot plus one, or 0 where there is none. */
  #index: Int32Array = new Int32Array(SLOTS_MIN * 2);
  /** Slots ever given, and the last of those that are free: each names the next, plus one. */
  #slotsUsed = 0;
  #free = 0;
  #size = 0;
  readonly #key = new Uint32Array(WORDS);
  readonly #keyBytes = new Uint8Array(this.#key.buffer);

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots are below it; arrays beside the table need so many places. */
  get slotsUsed(): number {
    return this.#slotsUsed;
  }

  /** The memory of its arrays. */
  get bytes(): number {
    return this.#words.byteLength + this.#index.byteLength;
  }

  /** The slot of 20 bytes, or −1. */
  find(infoHash: Uint8Array): number {
    this.#keyBytes.set(infoHash);
    const place = this.#placeOf();
    return (this.#index[place] ?? 0) - 1;
  }

  /** The slot of 20 bytes, which are put in if they are not there. */
  add(infoHash: Uint8Array): number {
    this.#keyBytes.set(infoHash);
    let place = this.#placeOf();
    const known = (this.#index[place] ?? 0) - 1;
    if (known >= 0) return known;
    if (this.#size + 1 > this.#index.length * LOAD_MAX) {
      this.#growIndex();
      place = this.#placeOf();
    }
    const slot = this.#takeSlot();
    this.#words.set(this.#key, slot * WORDS);
    this.#index[place] = slot + 1;
    this.#size += 1;
    return slot;
  }

  /** Takes an info hash out; −1 if it was not there, else the slot that it had. */
  remove(infoHash: Uint8Array): number {
    this.#keyBytes.set(infoHash);
    const place = this.#placeOf();
    const slot = (this.#index[place] ?? 0) - 1;
    if (slot < 0) return -1;
    this.#closeGap(place);
    this.#words[slot * WORDS] = this.#free;
    this.#free = slot + 1;
    this.#size -= 1;
    return slot;
  }

  /** Writes the 20 bytes of a slot that is taken. */
  read(slot: number, into: Uint8Array): void {
    const words = this.#words.subarray(slot * WORDS, (slot + 1) * WORDS);
    into.set(new Uint8Array(words.buffer, words.byteOffset, INFO_HASH_BYTES));
  }

  /** Where the key is in the index, or where it would be put. */
  #placeOf(): number {
    const mask = this.#index.length - 1;
    const key = this.#key;
    let place = this.#hash(key, 0) & mask;
    for (;;) {
      const slot = (this.#index[place] ?? 0) - 1;
      if (slot < 0 || this.#isAt(slot)) return place;
      place = (place + 1) & mask;
    }
  }

  #isAt(slot: number): boolean {
    const words = this.#words;
    const key = this.#key;
    const at = slot * WORDS;
    return (
      words[at] === key[0] &&
      words[at + 1] === key[1] &&
      words[at + 2] === key[2] &&
      words[at + 3] === key[3] &&
      words[at + 4] === key[4]
    );
  }

  #hash(words: Uint32Array, at: number): number {
    let hash = this.#seed;
    for (let word = 0; word < WORDS; word += 1) {
      hash = Math.imul(hash ^ (words[at + word] ?? 0), MIX_1);
      hash = Math.imul(hash ^ (hash >>> 15), MIX_2);
      hash ^= hash >>> 16;
    }
    return hash >>> 0;
  }

  #takeSlot(): number {
    if (this.#free > 0) {
      const slot = this.#free - 1;
      this.#free = this.#words[slot * WORDS] ?? 0;
      return slot;
    }
    const slot = this.#slotsUsed;
    assert(slot <= SLOTS_MAX);
    if ((slot + 1) * WORDS > this.#words.length) {
      const words = new Uint32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#slotsUsed += 1;
    return slot;
  }

  /** Moves those behind a place that is to be empty, so that look-ups still end at their own. */
  #closeGap(place: number): void {
    const mask = this.#index.length - 1;
    let gap = place;
    let next = (gap + 1) & mask;
    for (;;) {
      const slot = (this.#index[next] ?? 0) - 1;
      if (slot < 0) break;
      const home = this.#hash(this.#words, slot * WORDS) & mask;
      // It may move to the gap unless its home lies behind the gap.
      if (((next - home) & mask) >= ((next - gap) & mask)) {
        this.#index[gap] = slot + 1;
        gap = next;
      }
      next = (next + 1) & mask;
    }
    this.#index[gap] = 0;
  }

  #growIndex(): void {
    const before = this.#index;
    this.#index = new Int32Array(before.length * 2);
    const mask = this.#index.length - 1;
    for (const entry of before) {
      if (entry === 0) continue;
      let place = this.#hash(this.#words, (entry - 1) * WORDS) & mask;
      while (this.#index[place] !== 0) place = (place + 1) & mask;
      this.#index[place] = entry;
    }
  }
}
