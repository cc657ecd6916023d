import { pieceLengthAt, type VerifiableMetainfo, verifyPiece } from "@seedfleet/metainfo";
import { BenchError } from "../bench-error.ts";

type Gathering = { readonly bytes: Buffer; missing: number };

/**
 * Gathers the pieces a connection looks at and verifies each by the metainfo, so that a seeder
 * that sends wrong bytes, or sends them in a wrong place, earns no figure.
 */
export class PieceSample {
  readonly #metainfo: VerifiableMetainfo;
  readonly #gathering = new Map<number, Gathering>();
  #verifiedCount = 0;

  constructor(metainfo: VerifiableMetainfo) {
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
    if (!verifyPiece(this.#metainfo, piece, bytes)) {
      throw new BenchError(`piece ${piece} came with wrong bytes`);
    }
    this.#verifiedCount += 1;
  }
}
