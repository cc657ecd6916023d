import assert from "node:assert/strict";
import type { Metainfo } from "@seedfleet/metainfo";
import { BLOCK_BYTES, type Block, encodeMessage } from "@seedfleet/wire";

const REQUEST_BYTES = 17;

/** Blocks that follow each other. */
export type BlockRow = { readonly first: number; readonly count: number };

/**
 * Every block of a torrent, numbered in order, with its request as it goes over the wire: asking
 * for some blocks in a row is a slice of bytes made before.
 */
export class RequestPlan {
  readonly blockCount: number;
  readonly #shape: Pick<Metainfo, "pieceLengthBytes" | "sizeBytes">;
  readonly #requests: Buffer;

  constructor(shape: Pick<Metainfo, "pieceLengthBytes" | "sizeBytes">) {
    // Else blocks would not follow each other in steps of one length.
    assert(shape.pieceLengthBytes % BLOCK_BYTES === 0);
    this.#shape = shape;
    this.blockCount = Math.ceil(shape.sizeBytes / BLOCK_BYTES);
    this.#requests = Buffer.alloc(this.blockCount * REQUEST_BYTES);
    for (let index = 0; index < this.blockCount; index += 1) {
      const request = encodeMessage({ kind: "request", ...this.block(index) });
      this.#requests.set(request, index * REQUEST_BYTES);
    }
  }

  block(index: number): Block {
    const { pieceLengthBytes, sizeBytes } = this.#shape;
    const offset = index * BLOCK_BYTES;
    return {
      piece: Math.floor(offset / pieceLengthBytes),
      begin: offset % pieceLengthBytes,
      length: Math.min(BLOCK_BYTES, sizeBytes - offset),
    };
  }

  /** The numbers of a piece's blocks. */
  blocksOf(piece: number): BlockRow {
    const blocksPerPiece = this.#shape.pieceLengthBytes / BLOCK_BYTES;
    const first = piece * blocksPerPiece;
    return { first, count: Math.min(blocksPerPiece, this.blockCount - first) };
  }

  /** The number of a block that begins there, or null when none does that is so long. */
  indexOf(piece: number, begin: number, length: number): number | null {
    const { pieceLengthBytes, sizeBytes } = this.#shape;
    const offset = piece * pieceLengthBytes + begin;
    const isBlock = begin < pieceLengthBytes && begin % BLOCK_BYTES === 0 && offset < sizeBytes;
    return isBlock && length === Math.min(BLOCK_BYTES, sizeBytes - offset)
      ? offset / BLOCK_BYTES
      : null;
  }

  /** The requests of blocks in a row, none beyond the last. */
  requests({ first, count }: BlockRow): Buffer {
    return this.#requests.subarray(first * REQUEST_BYTES, (first + count) * REQUEST_BYTES);
  }
}
