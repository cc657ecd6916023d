import assert from "node:assert/strict";
import {
  type CachedBytes,
  type CanGo,
  type EvictionLimits,
  type EvictionPolicy,
  REFUSALS_MAX,
} from "./eviction-policy.ts";
import { SlotQueue } from "./slot-queue.ts";

/**
 * Forgets what was not used for longest. Only to compare with: it must be told of every hit in the
 * order of the hits, which threads that share a cache could do under a lock only.
 */
export class LruPolicy implements EvictionPolicy {
  readonly bytesMax: number;
  readonly slotsMax: number;
  readonly #queue: SlotQueue;

  constructor({ bytesMax, slotsMax }: EvictionLimits) {
    this.bytesMax = bytesMax;
    this.slotsMax = slotsMax;
    this.#queue = new SlotQueue(slotsMax);
  }

  get byteLength(): number {
    return this.#queue.byteLength;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** A slot was used. */
  touch(slot: number): void {
    this.#queue.renew(slot);
  }

  insert(slot: number, { bytes }: CachedBytes): void {
    assert(this.byteLength + bytes <= this.bytesMax, "make room first");
    this.#queue.push(slot, bytes);
  }

  remove(slot: number): void {
    this.#queue.remove(slot);
  }

  victim(canGo: CanGo): number | null {
    let slot = this.#queue.oldest;
    for (let refusals = 0; slot !== null && refusals < REFUSALS_MAX; refusals += 1) {
      if (canGo(slot)) {
        this.#queue.remove(slot);
        return slot;
      }
      slot = this.#queue.newerThan(slot);
    }
    return null;
  }
}
