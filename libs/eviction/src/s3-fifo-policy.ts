import assert from "node:assert/strict";
import {
  type CachedBytes,
  type CanGo,
  type EvictionLimits,
  type EvictionPolicy,
  REFUSALS_MAX,
} from "./eviction-policy.ts";
import { GhostKeys } from "./ghost-keys.ts";
import { SlotQueue } from "./slot-queue.ts";
import { SmallTarget } from "./small-target.ts";
import { countVisitors, forgetLately, keepVisitors, wasVisitedLately } from "./visitors.ts";

/** Shares of the cache; two equal shares of the small queue keep it at that size. */
export type S3FifoTuning = {
  readonly smallShareMin: number;
  readonly smallShareMax: number;
  readonly smallGhostShare: number;
  readonly mainGhostShare: number;
};

/** What did best over all traces of `npm run bench -- eviction`; see docs/adr/0009. */
const LEARNING: S3FifoTuning = {
  smallShareMin: 0.1,
  smallShareMax: 0.9,
  // With the tenth that the small queue has at least: what LRU would have kept, this notices.
  smallGhostShare: 0.9,
  mainGhostShare: 0.5,
};

/** Whoever had the piece brought is the first visitor, so this is one more. */
const VISITORS_TO_STAY = 2;

/** More visitors than these buy a piece no further round; the paper counts to three. */
const VISITORS_COUNTED = 3;

/** After these a slot of the main queue has been offered, if nobody visits it meanwhile. */
const MAIN_ROUNDS = VISITORS_COUNTED + 1;

/** The same for the small queue: the first round may find it in use. */
const SMALL_ROUNDS = 2;

/**
 * S3-FIFO (Yang et al., SOSP 2023) by bytes, with a small queue that learns its size.
 *
 * New pieces enter the small queue. At its end those that a second peer asked for move on to the
 * main queue; those that somebody is still at go round; the others are forgotten, all but their
 * keys. In the main queue a piece goes round again for every visitor since. A piece that comes
 * back while its key is known was forgotten too soon, and goes to the main queue at once. So a
 * scan passes through the small queue, and the main queue keeps what is popular.
 */
export class S3FifoPolicy implements EvictionPolicy {
  readonly bytesMax: number;
  readonly slotsMax: number;
  readonly #visited: Uint8Array;
  readonly #keys: Float64Array;
  readonly #small: SlotQueue;
  readonly #main: SlotQueue;
  readonly #smallGhosts: GhostKeys;
  readonly #mainGhosts: GhostKeys;
  readonly #smallTarget: SmallTarget;

  constructor({ bytesMax, slotsMax, visited }: EvictionLimits, tuning: S3FifoTuning = LEARNING) {
    assert(visited.length >= slotsMax, "every slot has a byte");
    this.bytesMax = bytesMax;
    this.slotsMax = slotsMax;
    this.#visited = visited;
    this.#keys = new Float64Array(slotsMax);
    this.#small = new SlotQueue(slotsMax);
    this.#main = new SlotQueue(slotsMax);
    const ghosts = (share: number) =>
      new GhostKeys({ bytesMax: bytesMax * share, keysMax: slotsMax });
    this.#smallGhosts = ghosts(tuning.smallGhostShare);
    this.#mainGhosts = ghosts(tuning.mainGhostShare);
    this.#smallTarget = new SmallTarget({
      bytesMin: bytesMax * tuning.smallShareMin,
      bytesMax: bytesMax * tuning.smallShareMax,
    });
  }

  get byteLength(): number {
    return this.#small.byteLength + this.#main.byteLength;
  }

  get length(): number {
    return this.#small.length + this.#main.length;
  }

  insert(slot: number, { key, bytes }: CachedBytes): void {
    assert(this.byteLength + bytes <= this.bytesMax, "make room first");
    assert(!this.#small.has(slot) && !this.#main.has(slot), `slot ${slot} is filled already`);
    const queue = this.#comesBack(key, bytes) ? this.#main : this.#small;
    queue.push(slot, bytes);
    this.#keys[slot] = key;
    this.#visited[slot] = 0;
  }

  remove(slot: number): void {
    if (this.#small.remove(slot) === 0) this.#main.remove(slot);
  }

  /** Every turn is taken off a number of turns, so this ends whatever visitors do meanwhile. */
  victim(canGo: CanGo): number | null {
    let smallTurns = this.#small.length * SMALL_ROUNDS;
    let mainTurns = this.#main.length * MAIN_ROUNDS;
    let refusals = 0;
    while (smallTurns + mainTurns > 0 && refusals < REFUSALS_MAX) {
      const isSmallOver = this.#small.byteLength > this.#smallTarget.bytes;
      const isSmall = smallTurns > 0 && (isSmallOver || mainTurns === 0);
      if (isSmall) smallTurns -= 1;
      else mainTurns -= 1;

      const slot = isSmall ? this.#small.oldest : this.#main.oldest;
      if (slot === null) return null;
      if (isSmall && this.#promoted(slot)) mainTurns += MAIN_ROUNDS;
      else if (isSmall ? this.#wasInUse(slot) : this.#spentVisitor(slot)) this.#renew(slot);
      else if (canGo(slot)) return this.#forget(slot);
      else {
        this.#renew(slot);
        refusals += 1;
      }
    }
    return null;
  }

  /** Whether it was forgotten too soon; whose queue was too small then is learned from it. */
  #comesBack(key: number, bytes: number): boolean {
    const ghostRatio = this.#mainGhosts.byteLength / this.#smallGhosts.byteLength;
    const isFromSmall = this.#smallGhosts.take(key);
    const isFromMain = !isFromSmall && this.#mainGhosts.take(key);
    if (isFromSmall) this.#smallTarget.missedSmall(bytes, ghostRatio);
    if (isFromMain) this.#smallTarget.missedMain(bytes, ghostRatio);
    return isFromSmall || isFromMain;
  }

  /** Moves a slot to the main queue if peers enough have asked for it. */
  #promoted(slot: number): boolean {
    if (countVisitors(this.#visited[slot] ?? 0) < VISITORS_TO_STAY) return false;
    this.#visited[slot] = 0;
    this.#main.push(slot, this.#small.remove(slot));
    return true;
  }

  /** Whether somebody asked for it since the last look. */
  #wasInUse(slot: number): boolean {
    const marks = this.#visited[slot] ?? 0;
    this.#visited[slot] = forgetLately(marks);
    return wasVisitedLately(marks);
  }

  /** Whether it had a visitor to pay another round with, who is spent by that. */
  #spentVisitor(slot: number): boolean {
    const marks = this.#visited[slot] ?? 0;
    const visitors = Math.min(countVisitors(marks), VISITORS_COUNTED);
    this.#visited[slot] = keepVisitors(marks, visitors - 1);
    return visitors > 0;
  }

  #renew(slot: number): void {
    const queue = this.#small.has(slot) ? this.#small : this.#main;
    queue.renew(slot);
  }

  #forget(slot: number): number {
    const isSmall = this.#small.has(slot);
    const bytes = isSmall ? this.#small.remove(slot) : this.#main.remove(slot);
    const ghosts = isSmall ? this.#smallGhosts : this.#mainGhosts;
    ghosts.add(this.#keys[slot] ?? 0, bytes);
    return slot;
  }
}
