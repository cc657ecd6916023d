import { hash } from "node:crypto";
import { type Metainfo, pieceHash, pieceLengthAt } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";

/** What of a metainfo verifying takes. */
type Hashed = Pick<Metainfo, "pieceCount" | "pieceHashes" | "pieceLengthBytes" | "sizeBytes">;

type Gathering = { readonly bytes: Buffer; missing: number };

/**
 * Gathers the pieces a connection looks at and compares each one's SHA-1 with the metainfo's, so
 * that a seeder that sends wrong bytes, or sends them in a wrong place, earns no figure.
 */
export class PieceSample {
  readonly #metainfo: Hashed;
  readonly #gathering = new Map<number, Gathering>();
  #verifiedCount = 0;

  constructor(metainfo: Hashed) {
    this.#metainfo = metainfo;
  }

  get verifiedCount(): number {
    return this.#verifiedCount;
  }

  /** Blocks of a piece may come in any order, but the bytes of a block come in theirs. */
  add(piece: number, begin: number, bytes: Uint8Array): void {
    let gathering = this.#gathering.get(piece);
    if (gathering === undefined) {
      const length = pieceLengthAt(this.#metainfo, piece);
      gathering = { bytes: Buffer.allocUnsafe(length), missing: length };
      this.#gathering.set(piece, gathering);
    }
    gathering.bytes.set(bytes, begin);
    gathering.missing -= bytes.length;
    if (gathering.missing === 0) this.#verify(piece, gathering.bytes);
  }

  #verify(piece: number, bytes: Buffer): void {
    this.#gathering.delete(piece);
    if (!hash("sha1", bytes, "buffer").equals(pieceHash(this.#metainfo, piece))) {
      throw new BenchError(`piece ${piece} came with wrong bytes`);
    }
    this.#verifiedCount += 1;
  }
}
