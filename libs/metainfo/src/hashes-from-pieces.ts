import assert from "node:assert/strict";
import { type HashRequest, subtreeHeight, uncleCount } from "./hash-request.ts";
import { BLOCK_BYTES, nodeOfRow, parentsOf } from "./merkle-tree.ts";
import { blockHashes } from "./piece-root.ts";

/**
 * Which pieces a hash request is answered from, and what of the answer is there without them. Where
 * they can not be had, it is better not to answer than to reject, for libtorrent's sake.
 */
export type PiecesPlan = {
  readonly kind: "needs-pieces";
  /** By their number in the torrent, one after the other. */
  readonly pieces: readonly number[];
  /** How much of the last of them is the file's; the others are whole. */
  readonly lastPieceBytes: number;
  readonly request: HashRequest;
  /** The layer of the tree in which a node covers a piece. */
  readonly pieceLayer: number;
  /** The uncle hashes from that layer on, which the answer ends with. */
  readonly uncles: Uint8Array;
};

/**
 * The hashes that a request asks for and their proof, of the bytes of the pieces that its plan
 * names. They must have been verified: the hashes of other bytes would prove nothing. What follows
 * the file's own bytes in its last piece may be there or not. It takes as long as verifying them.
 */
export function hashesFromPieces(
  { pieces, lastPieceBytes, request, pieceLayer, uncles }: PiecesPlan,
  bytesOfPieces: readonly Uint8Array[],
): Uint8Array {
  assert(bytesOfPieces.length === pieces.length);
  const wholeBytes = BLOCK_BYTES * 2 ** pieceLayer;
  const leaves = bytesOfPieces.map((bytes, piece) => {
    const isLast = piece === pieces.length - 1;
    return blockHashes(ownBytes(bytes, isLast ? lastPieceBytes : wholeBytes));
  });
  let row: Uint8Array = Buffer.concat(leaves);
  let layer = 0;
  for (; layer < request.baseLayer; layer += 1) row = parentsOf(row, layer);

  const { baseLayer, index, length } = request;
  const start = index % 2 ** (pieceLayer - baseLayer);
  const nodes: Uint8Array[] = [];
  for (let at = start; at < start + length; at += 1) nodes.push(nodeOfRow(row, at, layer));

  // The uncles within the piece; where the subtree is a piece or more there are none.
  const rootLayer = baseLayer + subtreeHeight(length);
  const end = Math.min(pieceLayer, rootLayer + uncleCount(request));
  for (; layer < end; layer += 1) {
    const ancestor = Math.floor(start / 2 ** (layer - baseLayer));
    if (layer >= rootLayer) nodes.push(nodeOfRow(row, ancestor ^ 1, layer));
    row = parentsOf(row, layer);
  }
  return Buffer.concat([...nodes, uncles]);
}

function ownBytes(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  assert(bytes.length >= lengthBytes);
  return bytes.subarray(0, lengthBytes);
}
