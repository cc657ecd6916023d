import { Bitfield } from "@seedfleet/bitfield";

/** A block as a peer is asked for it (BEP 3). */
export type Block = { readonly piece: number; readonly begin: number; readonly length: number };

/** A peer that we download from, as the picker knows it. */
export class PickerPeer {
  /** The picker's number of it. */
  readonly id: number;
  readonly #pieceCount: number;
  /** Null of a seed. */
  #pieces: Bitfield | null;
  /** Keys of the blocks it is asked for. */
  readonly asked: Set<number> = new Set();
  /** It takes long: it gets common pieces, so that rare ones do not wait for it. */
  isSlow = false;
  /** It sent something for a piece that was bad; until that is clear it gets pieces of its own. */
  isSuspect = false;
  /** The piece that it was last asked for. */
  current: number | null = null;
  /** How many pieces it has that are wanted and not there. */
  interesting = 0;
  /** The rarest of its pieces at some time, the best last; for a peer whose pieces are common. */
  shortlist: number[] = [];
  /** It lost a piece once. It is no seed any more then, whatever it has. */
  hasLost = false;
  /** There was no piece to begin for it when the picker was at this version. */
  nothingAtVersion = -1;

  constructor(id: number, pieceCount: number) {
    this.id = id;
    this.#pieceCount = pieceCount;
    this.#pieces = Bitfield.empty(pieceCount);
  }

  get isSeed(): boolean {
    return this.#pieces === null;
  }

  has(piece: number): boolean {
    return this.#pieces === null || this.#pieces.has(piece);
  }

  get count(): number {
    return this.#pieces?.count ?? this.#pieceCount;
  }

  /** True when it was new. */
  add(piece: number): boolean {
    return this.#pieces?.add(piece) ?? false;
  }

  /** It has it no more; a seed is told all that it has before, with `setPieces`. */
  remove(piece: number): void {
    this.#pieces?.remove(piece);
  }

  setPieces(pieces: Bitfield): void {
    this.#pieces = pieces;
  }

  becomeSeed(): void {
    this.#pieces = null;
  }

  /** The first piece from `piece` on that it has; null if there is none, and of a seed. */
  next(piece: number): number | null {
    return this.#pieces?.next(piece) ?? null;
  }
}
