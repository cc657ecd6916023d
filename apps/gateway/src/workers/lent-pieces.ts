import type { CachedPiece } from "../blocks/cached-piece.ts";
import type { PieceCache } from "../blocks/piece-cache.ts";

/** The pieces of the cache that one thread has, as the thread sees it that has the cache. */
export class LentPieces {
  readonly #cache: Pick<PieceCache, "lease" | "giveBack">;
  readonly #lent = new Map<number, CachedPiece>();
  readonly #leaseOf = new Map<CachedPiece, number>();
  #lastLease = 0;

  constructor(cache: Pick<PieceCache, "lease" | "giveBack">) {
    this.#cache = cache;
  }

  /** The number of the lease. A piece that is lent already is lent anew only once it came back. */
  lend(cached: CachedPiece): number {
    const lent = this.#leaseOf.get(cached);
    if (lent !== undefined) return lent;
    this.#lastLease += 1;
    this.#lent.set(this.#lastLease, cached);
    this.#leaseOf.set(cached, this.#lastLease);
    this.#cache.lease(cached);
    return this.#lastLease;
  }

  /** By which lease the thread has the piece; null if it does not. */
  leaseOf(cached: CachedPiece): number | null {
    return this.#leaseOf.get(cached) ?? null;
  }

  /** The thread reads it no more. */
  giveBack(lease: number): void {
    const cached = this.#lent.get(lease);
    if (cached === undefined) return;
    this.#lent.delete(lease);
    this.#leaseOf.delete(cached);
    this.#cache.giveBack(cached);
  }
}
