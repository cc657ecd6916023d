import assert from "node:assert/strict";
import { hash } from "node:crypto";
import {
  BLOCK_BYTES,
  BLOCK_HASH_BYTES,
  isPowerOfTwo,
  powerOfTwoFrom,
  rootOfLeaves,
  rootOfNodes,
} from "./merkle-tree.ts";

/**
 * How many leaves the tree of each piece of a file has. A file that is no longer than a piece has
 * a tree of its own size, whose root is the file's; that of a longer file is cut at the height
 * where one node covers one piece.
 */
export function leavesPerPiece(lengthBytes: number, pieceLengthBytes: number): number {
  assert(isPowerOfTwo(pieceLengthBytes) && pieceLengthBytes >= BLOCK_BYTES);
  const blocks = Math.ceil(Math.min(lengthBytes, pieceLengthBytes) / BLOCK_BYTES);
  return lengthBytes <= pieceLengthBytes ? powerOfTwoFrom(blocks) : pieceLengthBytes / BLOCK_BYTES;
}

/** The SHA-256 of every block of 16 KiB, one after the other; the last may be shorter (BEP 52). */
export function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashes = Buffer.allocUnsafe(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_HASH_BYTES);
  for (let at = 0, start = 0; start < bytes.length; at += BLOCK_HASH_BYTES, start += BLOCK_BYTES) {
    const block = bytes.subarray(start, start + BLOCK_BYTES);
    hashes.write(hash("sha256", block, "latin1"), at, "latin1");
  }
  return hashes;
}

/**
 * The root of one piece: the bytes that the file has in it, without padding. It is the node of the
 * file's piece layer, or if the file is no longer than a piece, its pieces root.
 */
export function pieceRoot(
  bytes: Uint8Array,
  pieceLengthBytes: number,
  { fileIsOnePiece }: { readonly fileIsOnePiece: boolean },
): Uint8Array {
  assert(bytes.length > 0 && bytes.length <= pieceLengthBytes);
  const fileLengthBytes = fileIsOnePiece ? bytes.length : Number.POSITIVE_INFINITY;
  return rootOfLeaves(blockHashes(bytes), leavesPerPiece(fileLengthBytes, pieceLengthBytes));
}

/**
 * The pieces root of a file whose pieces have these roots, 32 bytes one after the other (BEP 52's
 * piece layer). Of one piece it is the root itself.
 */
export function rootOfPieceRoots(layer: Uint8Array, pieceLengthBytes: number): Uint8Array {
  assert(layer.length > 0);
  const width = powerOfTwoFrom(layer.length / BLOCK_HASH_BYTES);
  return rootOfNodes(layer, { width, height: Math.log2(pieceLengthBytes / BLOCK_BYTES) });
}
