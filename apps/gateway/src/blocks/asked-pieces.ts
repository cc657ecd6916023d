import { PassingKeys } from "@seedfleet/eviction";
import type { Shelf } from "./cached-piece.ts";

export type PlaceOnShelf = { readonly shelf: Shelf; readonly piece: number };

/** Of all piece indexes there may be (libs/metainfo's PIECES_MAX) none is larger. */
const PIECES_PER_SHELF = 2 ** 22;

/** Who asked for so much that was not cached is known: as far back as LRU would have kept it. */
const ASKED_SHARE = 0.9;

/** However short the pieces are; each is some tens of bytes. */
export const ASKED_PIECES_MAX = 65_536;

/** So many peers have asked for a piece when it had better be cached. */
const ASKERS_TO_CACHE = 2;

/** By which a piece is known whenever it comes back. */
export function pieceKey({ shelf, piece }: PlaceOnShelf): number {
  return shelf.serial * PIECES_PER_SHELF + piece;
}

/** Who asked lately for pieces that were not cached, and got them all the same. */
export class AskedPieces {
  readonly #keys: PassingKeys;

  constructor({ cacheBytes }: { readonly cacheBytes: number }) {
    const bytesMax = cacheBytes * ASKED_SHARE;
    this.#keys = new PassingKeys({ bytesMax, keysMax: ASKED_PIECES_MAX });
  }

  /** The peer of this mark asks for the piece: whether another peer did lately. */
  ask(place: PlaceOnShelf, asker: { readonly pieceBytes: number; readonly mark: number }): boolean {
    const { pieceBytes: bytes, mark } = asker;
    return this.#keys.visit(pieceKey(place), { bytes, mark }) >= ASKERS_TO_CACHE;
  }

  /** It is cached now: the marks of those who asked before. */
  take(place: PlaceOnShelf): number {
    return this.#keys.take(pieceKey(place));
  }
}
