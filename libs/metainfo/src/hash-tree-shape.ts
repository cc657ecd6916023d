import assert from "node:assert/strict";
import { BLOCK_BYTES, powerOfTwoFrom } from "./merkle-tree.ts";
import { leavesPerPiece } from "./piece-root.ts";

/** How large the hash tree of a file is (BEP 52). Layers are counted upwards from the blocks. */
export type HashTreeShape = {
  readonly blockCount: number;
  /** Where a node covers a piece; of a file that is no longer than a piece, the root's layer. */
  readonly pieceLayer: number;
  /** The root's layer. */
  readonly height: number;
};

/** The shape of the tree of a file that has bytes. */
export function hashTreeShape(lengthBytes: number, pieceLengthBytes: number): HashTreeShape {
  assert(lengthBytes > 0);
  const blockCount = Math.ceil(lengthBytes / BLOCK_BYTES);
  return {
    blockCount,
    pieceLayer: Math.log2(leavesPerPiece(lengthBytes, pieceLengthBytes)),
    height: Math.log2(powerOfTwoFrom(blockCount)),
  };
}

/** How many nodes of a layer cover something of the file; those after them are padding. */
export function nodesInLayer({ blockCount }: HashTreeShape, layer: number): number {
  return Math.ceil(blockCount / 2 ** layer);
}
