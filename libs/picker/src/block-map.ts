import type { Block } from "./picker-peer.ts";

/** Blocks as every client asks for them. */
export const BLOCK_BYTES = 16_384;

export type TorrentShape = {
  readonly pieceCount: number;
  readonly pieceLengthBytes: number;
  readonly sizeBytes: number;
  /** Bytes of pieces that end before their place does: of v2 alone where a file ends (BEP 52). */
  readonly shorter?: ReadonlyMap<number, number>;
};

/** The blocks of a torrent, each with a number of its own: its key. */
export class BlockMap {
  readonly #shape: TorrentShape;
  readonly #perPiece: number;

  constructor(shape: TorrentShape) {
    this.#shape = shape;
    this.#perPiece = Math.ceil(shape.pieceLengthBytes / BLOCK_BYTES);
  }

  blockCount(piece: number): number {
    return Math.ceil(this.#pieceBytes(piece) / BLOCK_BYTES);
  }

  keyAt(piece: number, index: number): number {
    return piece * this.#perPiece + index;
  }

  /** The block's place in its piece. */
  indexOf(key: number): number {
    return key % this.#perPiece;
  }

  placeOf(key: number): { readonly piece: number; readonly index: number } {
    return { piece: Math.floor(key / this.#perPiece), index: this.indexOf(key) };
  }

  blockAt(piece: number, index: number): Block {
    const begin = index * BLOCK_BYTES;
    return { piece, begin, length: Math.min(BLOCK_BYTES, this.#pieceBytes(piece) - begin) };
  }

  /** Null of what is no block: another length, or another beginning. */
  keyOf({ piece, begin, length }: Block): number | null {
    const { pieceCount } = this.#shape;
    const isPiece = Number.isInteger(piece) && piece >= 0 && piece < pieceCount;
    if (!isPiece || begin < 0 || begin % BLOCK_BYTES !== 0) return null;
    const left = this.#pieceBytes(piece) - begin;
    if (left <= 0 || length !== Math.min(BLOCK_BYTES, left)) return null;
    return this.keyAt(piece, begin / BLOCK_BYTES);
  }

  #pieceBytes(piece: number): number {
    const { pieceLengthBytes, sizeBytes, shorter } = this.#shape;
    const shorterBytes = shorter?.get(piece);
    if (shorterBytes !== undefined) return shorterBytes;
    return Math.min(pieceLengthBytes, sizeBytes - piece * pieceLengthBytes);
  }
}
