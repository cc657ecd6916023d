import type { PickerPeer } from "./picker-peer.ts";
import type { RarityOrder } from "./rarity-order.ts";

/** The pieces as they stand in the torrent, for who looks at the content while it comes. */
export class SequentialOrder {
  readonly #toBegin: Pick<RarityOrder, "has" | "pieceCount">;
  /** No piece before it is to be begun. */
  #cursor = 0;

  /** Of the pieces that are in the other order. */
  constructor(toBegin: Pick<RarityOrder, "has" | "pieceCount">) {
    this.#toBegin = toBegin;
  }

  /** The piece may be begun, which it could not before. */
  reopened(piece: number): void {
    this.#cursor = Math.min(this.#cursor, piece);
  }

  /** The first that the peer has. */
  nextFor(peer: PickerPeer): number | null {
    const { pieceCount } = this.#toBegin;
    while (this.#cursor < pieceCount && !this.#toBegin.has(this.#cursor)) this.#cursor += 1;
    for (let piece = this.#cursor; piece < pieceCount; piece += 1) {
      if (this.#toBegin.has(piece) && peer.has(piece)) return piece;
    }
    return null;
  }
}
