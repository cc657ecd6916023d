import assert from "node:assert/strict";
import {
  type CachedBytes,
  type CanGo,
  type EvictionLimits,
  type EvictionPolicy,
  REFUSALS_MAX,
} from "./eviction-policy.ts";
import { SlotQueue } from "./slot-queue.ts";
import { countVisitors, forgetLately, wasVisitedLately } from "./visitors.ts";

/**
 * SIEVE (Zhang et al., NSDI 2024) by bytes. A hand goes from the oldest slot to the newest and
 * round again. What was visited since it last came by stays where it is, what was not goes. The
 * first visitor of a new slot is whoever had it brought: it stays while that one is at it.
 */
export class SievePolicy implements EvictionPolicy {
  readonly bytesMax: number;
  readonly slotsMax: number;
  readonly #visited: Uint8Array;
  /** 1 for a slot that had no second visitor yet. */
  readonly #isNew: Uint8Array;
  readonly #queue: SlotQueue;
  #hand: number | null = null;

  constructor({ bytesMax, slotsMax, visited }: EvictionLimits) {
    assert(visited.length >= slotsMax);
    this.bytesMax = bytesMax;
    this.slotsMax = slotsMax;
    this.#visited = visited;
    this.#isNew = new Uint8Array(slotsMax);
    this.#queue = new SlotQueue(slotsMax);
  }

  get byteLength(): number {
    return this.#queue.byteLength;
  }

  get length(): number {
    return this.#queue.length;
  }

  insert(slot: number, { bytes }: CachedBytes): void {
    assert(this.byteLength + bytes <= this.bytesMax, "make room first");
    this.#queue.push(slot, bytes);
    this.#isNew[slot] = 1;
    this.#visited[slot] = 0;
  }

  remove(slot: number): void {
    if (this.#hand === slot) this.#hand = this.#queue.newerThan(slot);
    this.#queue.remove(slot);
  }

  /** Two rounds are enough: the first wipes the marks, the second offers every slot. */
  victim(canGo: CanGo): number | null {
    let refusals = 0;
    for (let turns = this.#queue.length * 2; turns > 0 && refusals < REFUSALS_MAX; turns -= 1) {
      const slot = this.#hand ?? this.#queue.oldest;
      if (slot === null) return null;
      this.#hand = this.#queue.newerThan(slot);
      if (this.#stays(slot)) continue;
      if (canGo(slot)) {
        this.#queue.remove(slot);
        return slot;
      }
      refusals += 1;
    }
    return null;
  }

  #stays(slot: number): boolean {
    const marks = this.#visited[slot] ?? 0;
    const isNew = this.#isNew[slot] === 1;
    const isPopular = countVisitors(marks) > (isNew ? 1 : 0);
    this.#visited[slot] = isPopular ? 0 : forgetLately(marks);
    if (isPopular) this.#isNew[slot] = 0;
    return isPopular || wasVisitedLately(marks);
  }
}
