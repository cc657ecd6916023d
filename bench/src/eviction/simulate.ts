import assert from "node:assert/strict";
import { type EvictionLimits, type EvictionPolicy, makeRoom } from "@seedfleet/eviction";
import { LruPolicy } from "@seedfleet/eviction/testing";
import type { Batch, Trace } from "./trace.ts";
import type { VisitRule } from "./visit-rules.ts";

const NONE = -1;

/** A policy, and what it takes for a visit. */
export type Contender = {
  readonly name: string;
  readonly policy: (limits: EvictionLimits) => EvictionPolicy;
  readonly visit: VisitRule;
};

export type Served = {
  readonly servedBytes: number;
  /** Read from the store into the cache: the pieces that were not there. */
  readonly broughtBytes: number;
};

/** Answers a trace from a cache that forgets as the contender says. */
export function simulate(trace: Trace, contender: Contender, cacheBytes: number): Served {
  const cache = new SimulatedCache(trace, contender, cacheBytes);
  let servedBytes = 0;
  let broughtBytes = 0;
  for (const batch of trace.batches) {
    const brought = cache.answer(batch);
    if (!batch.isCounted) continue;
    servedBytes += batch.bytes;
    broughtBytes += brought;
  }
  return { servedBytes, broughtBytes };
}

class SimulatedCache {
  readonly #pieceBytes: readonly number[];
  readonly #policy: EvictionPolicy;
  readonly #visit: VisitRule;
  readonly #visited: Uint8Array;
  readonly #slotOf: Int32Array;
  readonly #pieceIn: Int32Array;
  readonly #freeSlots: number[];

  constructor({ pieceBytes }: Trace, { policy, visit }: Contender, cacheBytes: number) {
    const shortest = pieceBytes.reduce((least, bytes) => Math.min(least, bytes));
    const slotsMax = Math.floor(cacheBytes / shortest);
    this.#pieceBytes = pieceBytes;
    this.#visited = new Uint8Array(slotsMax);
    this.#policy = policy({ bytesMax: cacheBytes, slotsMax, visited: this.#visited });
    this.#visit = visit;
    this.#slotOf = new Int32Array(pieceBytes.length).fill(NONE);
    this.#pieceIn = new Int32Array(slotsMax).fill(NONE);
    this.#freeSlots = Array.from({ length: slotsMax }, (_, slot) => slot);
  }

  /** The bytes that had to be brought for it. */
  answer(batch: Batch): number {
    const held = this.#slotOf[batch.piece] ?? NONE;
    const slot = held === NONE ? this.#bring(batch.piece) : held;
    this.#visit(this.#visited, slot, batch);
    if (this.#policy instanceof LruPolicy) this.#policy.touch(slot);
    return held === NONE ? (this.#pieceBytes[batch.piece] ?? 0) : 0;
  }

  #bring(piece: number): number {
    const bytes = this.#pieceBytes[piece] ?? 0;
    assert(makeRoom(this.#policy, bytes, this.#forget));
    const slot = this.#freeSlots.pop();
    assert(slot !== undefined);
    this.#policy.insert(slot, { key: piece, bytes });
    this.#slotOf[piece] = slot;
    this.#pieceIn[slot] = piece;
    return slot;
  }

  readonly #forget = (slot: number): boolean => {
    this.#slotOf[this.#pieceIn[slot] ?? NONE] = NONE;
    this.#freeSlots.push(slot);
    return true;
  };
}
