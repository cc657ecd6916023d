import { createHash, type Hash, hash } from "node:crypto";
import { partOf } from "./part-of.ts";

/** Said here once more, or every hash thread would load all of libs/metainfo when it starts. */
const PIECE_HASH_BYTES = 20;

const ZEROS: Uint8Array = new Uint8Array(64 * 1024);

/**
 * The SHA-1 of every piece of a run of pieces (BEP 3), from their bytes as they come, however they
 * are cut.
 */
export class PieceHashes {
  readonly #pieceLengthBytes: number;
  readonly #hashes: Buffer<ArrayBuffer>;
  #piece = 0;
  /** Of the piece that has begun; null between two. */
  #hash: Hash | null = null;
  #leftBytes: number;

  constructor({ pieceLengthBytes, pieceCount }: { pieceLengthBytes: number; pieceCount: number }) {
    this.#pieceLengthBytes = pieceLengthBytes;
    this.#leftBytes = pieceLengthBytes;
    this.#hashes = Buffer.alloc(pieceCount * PIECE_HASH_BYTES);
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = partOf(bytes, at, at + this.#leftBytes);
      at += part.length;
      // In one call, as short pieces are, it costs a microsecond less.
      if (part.length === this.#pieceLengthBytes) this.#add(hash("sha1", part, "latin1"));
      else this.#pushPart(part);
    }
  }

  pad(lengthBytes: number): void {
    for (let left = lengthBytes; left > 0; left -= ZEROS.length) {
      this.push(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
    }
  }

  /** The hashes one after the other; the last piece may be shorter. */
  take(): Uint8Array<ArrayBuffer> {
    this.#endPiece();
    return this.#hashes;
  }

  #pushPart(part: Uint8Array): void {
    this.#hash ??= createHash("sha1");
    this.#hash.update(part);
    this.#leftBytes -= part.length;
    if (this.#leftBytes === 0) this.#endPiece();
  }

  #endPiece(): void {
    if (this.#hash === null) return;
    this.#add(this.#hash.digest("latin1"));
    this.#hash = null;
    this.#leftBytes = this.#pieceLengthBytes;
  }

  #add(digest: string): void {
    this.#hashes.write(digest, this.#piece * PIECE_HASH_BYTES, "latin1");
    this.#piece += 1;
  }
}
