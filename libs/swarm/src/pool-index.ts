import type { KeyedHash } from "./keyed-hash.ts";
import { ENDPOINT_MASK } from "./peer-entry.ts";
import { ENTRIES_AT, type SizeClasses } from "./size-classes.ts";

const PER_UINT32 = 2 ** -32;

/** A slot has the position + 1, of 2²⁴ at most, and above it seven bits of the hash. */
const POSITION_BITS = 25;
const POSITION_MASK = 2 ** POSITION_BITS - 1;
const TAG_MASK = ~POSITION_MASK;

/**
 * Finds entries of a large pool by their endpoint: an open-addressing table of positions, which
 * lies in the pool's block behind the entries. The bits of the hash spare a look at most entries
 * that are others, which would be a line of memory each. One object serves all pools; `open` says
 * which.
 */
export class PoolIndex {
  readonly #classes: SizeClasses;
  readonly #entryWords: number;
  readonly #hash: KeyedHash;
  #words: Int32Array = new Int32Array();
  #entriesAt = 0;
  #slotsAt = 0;
  #slots = 0;
  /** Where the key that was last looked for would have its slot, in which words; −1: nowhere. */
  #missedAt = -1;
  #missedTag = 0;
  #missedIn: Int32Array = this.#words;

  constructor(classes: SizeClasses, entryWords: number, hash: KeyedHash) {
    this.#classes = classes;
    this.#entryWords = entryWords;
    this.#hash = hash;
  }

  open(words: Int32Array, start: number, sizeClass: number): void {
    this.#words = words;
    this.#entriesAt = start + ENTRIES_AT;
    this.#slotsAt = start + (this.#classes.indexAts[sizeClass] ?? 0);
    this.#slots = this.#classes.indexSlots[sizeClass] ?? 0;
  }

  /** The position of an endpoint, or −1. */
  find(key: Int32Array): number {
    const words = this.#words;
    const hash = this.#hash.of(key, 0);
    const tag = tagOf(hash);
    for (let slot = this.#home(hash); ; slot = this.#next(slot)) {
      const word = words[this.#slotsAt + slot] ?? 0;
      if (word === 0) {
        this.#missedAt = this.#slotsAt + slot;
        this.#missedTag = tag;
        this.#missedIn = words;
        return -1;
      }
      if ((word & TAG_MASK) !== tag) continue;
      const position = (word & POSITION_MASK) - 1;
      if (this.#has(position, key)) return position;
    }
  }

  /** To be called before another key is looked for: `add` is of it, and not of the one before. */
  forgetMissed(): void {
    this.#missedAt = -1;
  }

  /** Of the key that was last looked for, the slot that was found empty is taken. */
  add(position: number): void {
    const words = this.#words;
    const missed = this.#missedAt;
    this.#missedAt = -1;
    if (this.#missedIn === words && this.#isSlot(missed)) {
      words[missed] = this.#missedTag | (position + 1);
      return;
    }
    const hash = this.#hashOf(position);
    let slot = this.#home(hash);
    while (words[this.#slotsAt + slot] !== 0) slot = this.#next(slot);
    words[this.#slotsAt + slot] = tagOf(hash) | (position + 1);
  }

  /** Forgets one entry, whose place the last one takes; called while both are where they were. */
  drop(position: number, last: number): void {
    this.#missedAt = -1;
    this.#remove(position);
    if (position === last) return;
    const at = this.#slotsAt + this.#slotOf(last);
    this.#words[at] = ((this.#words[at] ?? 0) & TAG_MASK) | (position + 1);
  }

  rebuild(count: number): void {
    this.#missedAt = -1;
    const words = this.#words;
    const slotsAt = this.#slotsAt;
    words.fill(0, slotsAt, slotsAt + this.#slots);
    let entryAt = this.#entriesAt;
    for (let position = 1; position <= count; position += 1) {
      const hash = this.#hash.of(words, entryAt);
      let slot = this.#home(hash);
      while (words[slotsAt + slot] !== 0) slot = this.#next(slot);
      words[slotsAt + slot] = tagOf(hash) | position;
      entryAt += this.#entryWords;
    }
  }

  #isSlot(at: number): boolean {
    return at >= this.#slotsAt && at < this.#slotsAt + this.#slots;
  }

  #remove(position: number): void {
    const words = this.#words;
    let gap = this.#slotOf(position);
    // Whoever was pushed past the gap moves back, so that no search ends too early.
    for (let slot = this.#next(gap); ; slot = this.#next(slot)) {
      const other = words[this.#slotsAt + slot] ?? 0;
      if (other === 0) break;
      const home = this.#home(this.#hashOf((other & POSITION_MASK) - 1));
      if (this.#distance(home, slot) < this.#distance(gap, slot)) continue;
      words[this.#slotsAt + gap] = other;
      gap = slot;
    }
    words[this.#slotsAt + gap] = 0;
  }

  #slotOf(position: number): number {
    const hash = this.#hashOf(position);
    const wanted = tagOf(hash) | (position + 1);
    let slot = this.#home(hash);
    while (this.#words[this.#slotsAt + slot] !== wanted) slot = this.#next(slot);
    return slot;
  }

  #hashOf(position: number): number {
    return this.#hash.of(this.#words, this.#entriesAt + position * this.#entryWords);
  }

  #home(hash: number): number {
    // Cut off by the operator, as there are fewer than 2³¹ slots.
    return ((hash >>> 0) * this.#slots * PER_UINT32) | 0;
  }

  #next(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#slots;
  }

  #has(position: number, key: Int32Array): boolean {
    const at = this.#entriesAt + position * this.#entryWords;
    const last = this.#entryWords - 1;
    for (let each = 0; each < last; each += 1) {
      if (this.#words[at + each] !== key[each]) return false;
    }
    return (((this.#words[at + last] ?? 0) ^ (key[last] ?? 0)) & ENDPOINT_MASK) === 0;
  }
}

/** The lowest bits, since the slot goes by the highest. */
function tagOf(hash: number): number {
  return hash << POSITION_BITS;
}
