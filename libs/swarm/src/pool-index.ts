import type { KeyedHash } from "./keyed-hash.ts";
import { ENDPOINT_MASK } from "./peer-entry.ts";
import { ENTRIES_AT, type SizeClasses } from "./size-classes.ts";

const PER_UINT32 = 2 ** -32;

/**
 * Finds entries of a large pool by their endpoint: an open-addressing table of position + 1, which
 * lies in the pool's block behind the entries. One object serves all pools; `open` says which.
 */
export class PoolIndex {
  readonly #classes: SizeClasses;
  readonly #entryWords: number;
  readonly #hash: KeyedHash;
  #words: Int32Array = new Int32Array();
  #entriesAt = 0;
  #slotsAt = 0;
  #slots = 0;

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
    for (let slot = this.#home(key, 0); ; slot = this.#next(slot)) {
      const position = (words[this.#slotsAt + slot] ?? 0) - 1;
      if (position < 0 || this.#has(position, key)) return position;
    }
  }

  add(position: number): void {
    const words = this.#words;
    let slot = this.#homeOf(position);
    while (words[this.#slotsAt + slot] !== 0) slot = this.#next(slot);
    words[this.#slotsAt + slot] = position + 1;
  }

  /** Forgets one entry, whose place the last one takes; called while both are where they were. */
  drop(position: number, last: number): void {
    this.#remove(position);
    if (position !== last) this.#words[this.#slotsAt + this.#slotOf(last)] = position + 1;
  }

  rebuild(count: number): void {
    this.#words.fill(0, this.#slotsAt, this.#slotsAt + this.#slots);
    for (let position = 0; position < count; position += 1) this.add(position);
  }

  #remove(position: number): void {
    const words = this.#words;
    let gap = this.#slotOf(position);
    // Whoever was pushed past the gap moves back, so that no search ends too early.
    for (let slot = this.#next(gap); ; slot = this.#next(slot)) {
      const other = (words[this.#slotsAt + slot] ?? 0) - 1;
      if (other < 0) break;
      const fromHome = this.#distance(this.#homeOf(other), slot);
      if (fromHome < this.#distance(gap, slot)) continue;
      words[this.#slotsAt + gap] = other + 1;
      gap = slot;
    }
    words[this.#slotsAt + gap] = 0;
  }

  #slotOf(position: number): number {
    let slot = this.#homeOf(position);
    while (this.#words[this.#slotsAt + slot] !== position + 1) slot = this.#next(slot);
    return slot;
  }

  #homeOf(position: number): number {
    return this.#home(this.#words, this.#entriesAt + position * this.#entryWords);
  }

  #home(words: Int32Array, at: number): number {
    return Math.floor((this.#hash.of(words, at) >>> 0) * this.#slots * PER_UINT32);
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
