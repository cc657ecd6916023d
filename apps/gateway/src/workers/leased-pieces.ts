import { visit } from "@seedfleet/eviction";
import { CachedPiece, type CachedPieces, type Shelf } from "../blocks/cached-piece.ts";
import { PINNED_SHARE_MAX } from "../blocks/piece-cache.ts";

type Leased = { readonly piece: CachedPiece; readonly shelf: Shelf };

export type LeasedPiecesOptions = {
  readonly bytesMax: number;
  readonly visited: Uint8Array;
  /** This thread reads the piece's memory no more. */
  readonly giveBack: (lease: number) => void;
};

/**
 * The pieces of the gateway's one cache that this thread was given: the bytes are shared memory,
 * the shelves this thread's own. One that the cache forgets is given back once no socket holds it.
 */
export class LeasedPieces implements CachedPieces {
  readonly #options: LeasedPiecesOptions;
  readonly #leased = new Map<number, Leased>();
  readonly #leaseOf = new Map<CachedPiece, number>();
  #pinnedBytes = 0;

  constructor(options: LeasedPiecesOptions) {
    this.#options = options;
  }

  get isCrowded(): boolean {
    return this.#pinnedBytes > this.#options.bytesMax * PINNED_SHARE_MAX;
  }

  /** Puts a piece that was lent to this thread on its shelf. */
  take(
    place: { readonly shelf: Shelf; readonly piece: number },
    lent: { readonly lease: number; readonly framed: Uint8Array; readonly slot: number },
  ): void {
    const { buffer, byteOffset, length } = lent.framed;
    const framed = Buffer.from(buffer, byteOffset, length);
    const piece = new CachedPiece(place, framed, lent.slot);
    this.#leased.set(lent.lease, { piece, shelf: place.shelf });
    this.#leaseOf.set(piece, lent.lease);
    place.shelf.add(piece);
  }

  get(shelf: Shelf, piece: number): CachedPiece | null {
    return shelf.pieces[piece] ?? null;
  }

  touch({ slot }: CachedPiece, mark: number): void {
    visit(this.#options.visited, slot, mark);
  }

  pin(piece: CachedPiece): void {
    if (piece.pins === 0) this.#pinnedBytes += piece.framed.length;
    piece.pins += 1;
  }

  unpin(piece: CachedPiece): void {
    piece.pins -= 1;
    if (piece.pins > 0) return;
    this.#pinnedBytes -= piece.framed.length;
    if (!piece.cached) this.#giveBack(piece);
  }

  /** The cache has forgotten the piece. */
  evicted(lease: number): void {
    const leased = this.#leased.get(lease);
    if (leased === undefined) return;
    leased.shelf.remove(leased.piece);
    leased.piece.cached = false;
    if (leased.piece.pins === 0) this.#giveBack(leased.piece);
  }

  #giveBack(piece: CachedPiece): void {
    const lease = this.#leaseOf.get(piece);
    if (lease === undefined) return;
    this.#leaseOf.delete(piece);
    this.#leased.delete(lease);
    this.#options.giveBack(lease);
  }
}
