import type { Metainfo } from "@seedfleet/metainfo";

/** A peer that read so many pieces in a row is taken to go on. */
const IN_ORDER_PIECES_MIN = 2;

/** How far ahead of such a peer pieces are brought: enough for a second of a fast link. */
const AHEAD_BYTES = 8 * 1024 * 1024;

/** Never more pieces than these, however short they are. */
export const AHEAD_PIECES_MAX = 16;

const NOTHING: readonly number[] = [];

/** Notices that one peer reads its torrent in order, and says what to have ready for it. */
export class ReadAhead {
  #last = -1;
  #inOrder = 0;
  #readyUpTo = -1;

  /** The peer is at this piece: the pieces to bring now, each told once. */
  reads(
    piece: number,
    { pieceCount, pieceLengthBytes }: Pick<Metainfo, "pieceCount" | "pieceLengthBytes">,
  ): readonly number[] {
    if (piece === this.#last) return NOTHING;
    this.#inOrder = piece === this.#last + 1 ? this.#inOrder + 1 : 1;
    this.#last = piece;
    if (this.#inOrder < IN_ORDER_PIECES_MIN) {
      this.#readyUpTo = piece;
      return NOTHING;
    }
    const ahead = Math.max(
      1,
      Math.min(AHEAD_PIECES_MAX, Math.floor(AHEAD_BYTES / pieceLengthBytes)),
    );
    const end = Math.min(pieceCount - 1, piece + ahead);
    const first = Math.max(this.#readyUpTo, piece) + 1;
    this.#readyUpTo = Math.max(this.#readyUpTo, end);
    return Array.from({ length: Math.max(0, end - first + 1) }, (_, index) => first + index);
  }
}
