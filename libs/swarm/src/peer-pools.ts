import { BlockSlabs, NO_OWNER } from "./block-slabs.ts";
import { KeyedHash } from "./keyed-hash.ts";
import { ENDPOINT_MASK, readEndpoint, TAIL_SHIFT } from "./peer-entry.ts";
import { PoolIndex } from "./pool-index.ts";
import { ENTRIES_AT, type SizeClasses, sizeClasses } from "./size-classes.ts";
import type { Chance } from "./swarm-peer.ts";
import { POOLS_AT, type SwarmRows } from "./swarm-rows.ts";

/** Of a step of growth: how much sooner than it must a pool may grow. */
const EARLY_SHARE = 0.25;
const GOLDEN = 0x9e3779b1;
const PER_UINT32 = 2 ** -32;

/** When more are removed in one go, the index is made anew instead. */
const UNINDEXED_SINGLY_MAX = 64;

/**
 * The pools of one address family. A pool is named by its owner, four times the row of its swarm
 * plus its place there, and is one block of entries in no order: the last takes the place of one
 * that is removed. `key` is the endpoint that `find` and `append` are about.
 */
export class PeerPools {
  readonly entryWords: number;
  readonly key: Int32Array;
  readonly hash: KeyedHash;
  readonly #rows: SwarmRows;
  readonly #classes: SizeClasses;
  readonly #slabs: BlockSlabs;
  readonly #index: PoolIndex;
  /** Where the last search or newcomer was: who announces is looked for again by its answer. */
  #lastOwner = -1;
  #lastPosition = 0;

  constructor(rows: SwarmRows, entryWords: number, chance: Chance) {
    this.entryWords = entryWords;
    this.key = new Int32Array(entryWords);
    this.hash = new KeyedHash({ words: entryWords, lastMask: ENDPOINT_MASK }, chance);
    this.#rows = rows;
    this.#classes = sizeClasses(entryWords);
    this.#slabs = new BlockSlabs(this.#classes.blockWords);
    this.#index = new PoolIndex(this.#classes, entryWords, this.hash);
  }

  get bytes(): number {
    return this.#slabs.bytes;
  }

  readKey(endpoint: Uint8Array): void {
    readEndpoint(endpoint, this.key);
    this.#index.forgetMissed();
  }

  count(owner: number): number {
    return this.#rows.segment(owner >>> 2)[this.#at(owner) + 1] ?? 0;
  }

  /** The words a pool's entries are among; only of a pool that has any. */
  words(owner: number): Int32Array {
    return this.#slabs.slab(this.#block(owner));
  }

  /** Where in `words` its first entry begins. */
  start(owner: number): number {
    return this.#slabs.start(this.#block(owner)) + ENTRIES_AT;
  }

  /** The position of the key in the pool, or −1. */
  find(owner: number): number {
    const count = this.count(owner);
    if (count === 0) return -1;
    const block = this.#block(owner);
    const words = this.#slabs.slab(block);
    const start = this.#slabs.start(block);
    const last = this.#lastPosition;
    if (owner === this.#lastOwner && last < count) {
      if (this.#isKey(words, start + ENTRIES_AT + last * this.entryWords)) return last;
    }
    const position = this.#search(block, words, count);
    if (position < 0) return -1;
    this.#lastOwner = owner;
    this.#lastPosition = position;
    return position;
  }

  #search(block: number, words: Int32Array, count: number): number {
    const start = this.#slabs.start(block);
    if ((this.#classes.indexSlots[BlockSlabs.classOf(block)] ?? 0) === 0) {
      return this.#scan(words, start + ENTRIES_AT, count);
    }
    this.#index.open(words, start, BlockSlabs.classOf(block));
    return this.#index.find(this.key);
  }

  /** What is in the upper half of an entry's last word. */
  tail(owner: number, position: number): number {
    return (this.words(owner)[this.#tailAt(owner, position)] ?? 0) >>> TAIL_SHIFT;
  }

  setTail(owner: number, position: number, tail: number): void {
    const words = this.words(owner);
    const at = this.#tailAt(owner, position);
    words[at] = ((words[at] ?? 0) & ENDPOINT_MASK) | (tail << TAIL_SHIFT);
  }

  /** Adds the key, which must not be in the pool. False if the pool is as large as one can be. */
  append(owner: number, tail: number): boolean {
    const count = this.count(owner);
    if (count === 0) this.#found(owner);
    let sizeClass = BlockSlabs.classOf(this.#block(owner));
    if (count === this.#grownAt(owner, sizeClass)) {
      sizeClass += 1;
      if (sizeClass === this.#classes.count) return false;
      this.#resize(owner, sizeClass);
    }
    const words = this.words(owner);
    const at = this.start(owner) + count * this.entryWords;
    for (let each = 0; each < this.entryWords; each += 1) words[at + each] = this.key[each] ?? 0;
    const last = at + this.entryWords - 1;
    words[last] = (words[last] ?? 0) | (tail << TAIL_SHIFT);
    this.#setCount(owner, count + 1);
    this.#lastOwner = owner;
    this.#lastPosition = count;
    if (this.#isIndexed(sizeClass)) this.#open(owner).add(count);
    return true;
  }

  removeAt(owner: number, position: number): void {
    const last = this.count(owner) - 1;
    if (this.#isIndexed(BlockSlabs.classOf(this.#block(owner)))) {
      this.#open(owner).drop(position, last);
    }
    this.#overwrite(owner, position, last);
    this.#setCount(owner, last);
    this.#fit(owner);
  }

  /**
   * Removes many in one go: `keeps` says of each entry's tail whether it stays. Asked from the last
   * one on, once each. How many are gone.
   */
  sweep(owner: number, keeps: (tail: number) => boolean): number {
    const before = this.count(owner);
    if (before === 0) return 0;
    const words = this.words(owner);
    const tailAt = this.start(owner) + this.entryWords - 1;
    const isIndexed = this.#isIndexed(BlockSlabs.classOf(this.#block(owner)));
    if (isIndexed) this.#open(owner);
    let left = before;
    for (let position = before - 1; position >= 0; position -= 1) {
      const tail = (words[tailAt + position * this.entryWords] ?? 0) >>> TAIL_SHIFT;
      if (keeps(tail)) continue;
      left -= 1;
      if (isIndexed && before - left <= UNINDEXED_SINGLY_MAX) this.#index.drop(position, left);
      this.#overwrite(owner, position, left);
    }
    if (left === before) return 0;
    this.#setCount(owner, left);
    const isStale = isIndexed && before - left > UNINDEXED_SINGLY_MAX;
    // A pool that shrinks gets a new index anyway.
    if (!this.#fit(owner) && isStale) this.#open(owner).rebuild(left);
    return before - left;
  }

  release(owner: number): void {
    if (this.count(owner) === 0) return;
    this.#setCount(owner, 0);
    this.#free(this.#block(owner));
  }

  #scan(words: Int32Array, start: number, count: number): number {
    const { entryWords, key } = this;
    // The last word of the address differs most, of IPv6 as well.
    const told = entryWords - 2;
    const wanted = key[told] ?? 0;
    const end = start + told + count * entryWords;
    for (let at = start + told; at < end; at += entryWords) {
      if (words[at] !== wanted || !this.#isKey(words, at - told)) continue;
      return (at - told - start) / entryWords;
    }
    return -1;
  }

  #isKey(words: Int32Array, at: number): boolean {
    const last = this.entryWords - 1;
    for (let each = 0; each < last; each += 1) {
      if (words[at + each] !== this.key[each]) return false;
    }
    return (((words[at + last] ?? 0) ^ (this.key[last] ?? 0)) & ENDPOINT_MASK) === 0;
  }

  #overwrite(owner: number, position: number, by: number): void {
    const words = this.words(owner);
    const start = this.start(owner);
    const to = start + position * this.entryWords;
    const from = start + by * this.entryWords;
    for (let each = 0; each < this.entryWords; each += 1)
      words[to + each] = words[from + each] ?? 0;
  }

  /**
   * At how many entries a pool grows: pools with an index at different ones, up to a quarter of a
   * step early. Swarms that grow alike would else have their indexes made anew all in one moment.
   */
  #grownAt(owner: number, sizeClass: number): number {
    const { capacities, count } = this.#classes;
    const capacity = capacities[sizeClass] ?? 0;
    if (!this.#isIndexed(sizeClass) || sizeClass === count - 1) return capacity;
    const early = (capacity - (capacities[sizeClass - 1] ?? 0)) * EARLY_SHARE;
    return capacity - Math.floor((Math.imul(owner, GOLDEN) >>> 0) * PER_UINT32 * early);
  }

  #found(owner: number): void {
    this.#setBlock(owner, this.#slabs.allocate(0, owner));
  }

  /** Gives up room that is not needed, but not so much that the next to join needs it again. */
  #fit(owner: number): boolean {
    const count = this.count(owner);
    const sizeClass = BlockSlabs.classOf(this.#block(owner));
    if (count === 0) {
      this.#free(this.#block(owner));
      return true;
    }
    let smaller = sizeClass;
    while (smaller >= 2 && count <= (this.#classes.capacities[smaller - 2] ?? 0)) smaller -= 1;
    if (smaller === sizeClass) return false;
    this.#resize(owner, smaller);
    return true;
  }

  #resize(owner: number, sizeClass: number): void {
    const block = this.#block(owner);
    const count = this.count(owner);
    const fromWords = this.#slabs.slab(block);
    const from = this.#slabs.start(block) + ENTRIES_AT;
    const resized = this.#slabs.allocate(sizeClass, owner);
    const toWords = this.#slabs.slab(resized);
    const to = this.#slabs.start(resized) + ENTRIES_AT;
    const length = count * this.entryWords;
    for (let each = 0; each < length; each += 1) toWords[to + each] = fromWords[from + each] ?? 0;
    this.#setBlock(owner, resized);
    if (this.#isIndexed(sizeClass)) this.#open(owner).rebuild(count);
    this.#free(block);
  }

  #free(block: number): void {
    const moved = this.#slabs.free(block);
    if (moved !== NO_OWNER) this.#setBlock(moved, block);
  }

  #isIndexed(sizeClass: number): boolean {
    return this.#classes.indexSlots[sizeClass] !== 0;
  }

  #open(owner: number): PoolIndex {
    const block = this.#block(owner);
    this.#index.open(this.words(owner), this.#slabs.start(block), BlockSlabs.classOf(block));
    return this.#index;
  }

  #tailAt(owner: number, position: number): number {
    return this.start(owner) + (position + 1) * this.entryWords - 1;
  }

  /** Where in its row a pool has its block, and then its count. */
  #at(owner: number): number {
    return this.#rows.start(owner >>> 2) + POOLS_AT + 2 * (owner & 3);
  }

  #block(owner: number): number {
    return this.#rows.segment(owner >>> 2)[this.#at(owner)] ?? 0;
  }

  #setBlock(owner: number, block: number): void {
    this.#rows.segment(owner >>> 2)[this.#at(owner)] = block;
  }

  #setCount(owner: number, count: number): void {
    this.#rows.segment(owner >>> 2)[this.#at(owner) + 1] = count;
  }
}
