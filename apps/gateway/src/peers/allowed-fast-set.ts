import type { Block } from "@seedfleet/wire";

/** Each byte of the set may be had twice: a client may lose a block, but not live on the set. */
const SERVINGS_MAX = 2;

/**
 * The pieces that one peer may ask for although it is choked (BEP 6), so that it soon has something
 * to trade. What it is given that way has an end.
 */
export class AllowedFastSet {
  readonly pieces: ReadonlySet<number>;
  #leftBytes: number;

  constructor(pieces: readonly number[], pieceLengthBytes: number) {
    this.pieces = new Set(pieces);
    this.#leftBytes = SERVINGS_MAX * pieces.length * pieceLengthBytes;
  }

  /** Whether a choked peer is given this block; if so it is counted. */
  takes({ piece, length }: Block): boolean {
    if (!this.pieces.has(piece) || this.#leftBytes < length) return false;
    this.#leftBytes -= length;
    return true;
  }
}
