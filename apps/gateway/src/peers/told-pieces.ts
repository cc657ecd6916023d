import { Bitfield } from "@seedfleet/bitfield";
import type { Torrent } from "../torrents/torrent.ts";

/** Which pieces a peer was told that we have: all, or single ones of those (BEP 16). */
export class ToldPieces {
  #bits: Bitfield | "all";

  private constructor(bits: Bitfield | "all") {
    this.#bits = bits;
  }

  /** Of a peer that comes: none of a super-seeded torrent, else all. */
  static of({ superSeeds, metainfo }: Pick<Torrent, "superSeeds" | "metainfo">): ToldPieces {
    return superSeeds ? ToldPieces.none(metainfo.pieceCount) : ToldPieces.all();
  }

  static all(): ToldPieces {
    return new ToldPieces("all");
  }

  static none(pieceCount: number): ToldPieces {
    return new ToldPieces(Bitfield.empty(pieceCount));
  }

  get isAll(): boolean {
    return this.#bits === "all";
  }

  has(piece: number): boolean {
    return this.#bits === "all" || this.#bits.has(piece);
  }

  /**
   * Those among the pieces that the peer was not told of until now. With the last but one the last
   * is told: libtorrent closes who is a seed all at once while it wants nothing of it; so it wants
   * the one before.
   */
  tell(pieces: readonly number[] | "all"): readonly number[] {
    const bits = this.#bits;
    if (bits === "all") return [];
    if (pieces !== "all") {
      const news = pieces.filter((piece) => piece < bits.pieceCount && bits.add(piece));
      return news.length > 0 && bits.count === bits.pieceCount - 1
        ? [...news, ...this.tell("all")]
        : news;
    }
    this.#bits = "all";
    return Array.from({ length: bits.pieceCount }, (_, piece) => piece).filter(
      (piece) => !bits.has(piece),
    );
  }
}
