import { createHash, type Hash, hash } from "node:crypto";
import { MerkleRoot, NODE_BYTES } from "./merkle-root.ts";

export const BLOCK_BYTES: number = 16 * 1024;

/**
 * The SHA-256 root of every piece of a run of pieces (BEP 52), from the bytes of their files as
 * they come, however they are cut. Padding is no part of it: a piece ends where its file does.
 */
export class PieceRoots {
  /** The height of the tree of a whole piece. */
  readonly #pieceHeight: number;
  readonly #roots: Buffer<ArrayBuffer>;
  readonly #tree = new MerkleRoot();
  #piece = 0;
  /** Of a block that came in part; null between two. */
  #block: Hash | null = null;
  #blockLeftBytes = BLOCK_BYTES;
  /** Blocks of the bytes that came last: a buffer is filled again and again. */
  #viewed: Uint8Array | null = null;
  #views: Uint8Array[] = [];

  constructor({ pieceLengthBytes, pieceCount }: { pieceLengthBytes: number; pieceCount: number }) {
    this.#pieceHeight = Math.log2(pieceLengthBytes / BLOCK_BYTES);
    this.#roots = Buffer.alloc(pieceCount * NODE_BYTES);
  }

  /** Bytes of one file; `ends` when the file, or what is hashed here of it, ends with them. */
  push(bytes: Uint8Array, file: { readonly ends: boolean; readonly isOnePiece: boolean }): void {
    for (let at = 0; at < bytes.length; ) {
      const part =
        this.#block === null && at % BLOCK_BYTES === 0
          ? this.#blockAt(bytes, at)
          : bytes.subarray(at, at + this.#blockLeftBytes);
      at += part.length;
      const isLast = file.ends && at === bytes.length;
      const isWhole = part.length === BLOCK_BYTES || (isLast && this.#block === null);
      if (isWhole) this.#addLeaf(hash("sha256", part, "latin1"));
      else this.#pushPart(part, isLast);
    }
    if (file.ends && this.#tree.leafCount > 0) this.#endPiece(file.isOnePiece);
  }

  /** The roots one after the other. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#roots;
  }

  #blockAt(bytes: Uint8Array, at: number): Uint8Array {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#views = [];
    }
    const block = at / BLOCK_BYTES;
    let view = this.#views[block];
    if (view === undefined) {
      view = bytes.subarray(at, at + BLOCK_BYTES);
      this.#views[block] = view;
    }
    return view;
  }

  #pushPart(part: Uint8Array, isLast: boolean): void {
    this.#block ??= createHash("sha256");
    this.#block.update(part);
    this.#blockLeftBytes -= part.length;
    if (this.#blockLeftBytes > 0 && !isLast) return;
    const leaf = this.#block.digest("latin1");
    this.#block = null;
    this.#blockLeftBytes = BLOCK_BYTES;
    this.#addLeaf(leaf);
  }

  #addLeaf(leaf: string): void {
    this.#tree.push(leaf);
    if (this.#tree.leafCount === 2 ** this.#pieceHeight) this.#endPiece(false);
  }

  /** A file that is one piece has a tree no higher than its blocks need. */
  #endPiece(isOnePiece: boolean): void {
    const height = isOnePiece ? Math.ceil(Math.log2(this.#tree.leafCount)) : this.#pieceHeight;
    this.#roots.write(this.#tree.take(height), this.#piece * NODE_BYTES, "latin1");
    this.#piece += 1;
  }
}
