import { type HashTreeShape, nodesInLayer } from "./hash-tree-shape.ts";
import { HASH_REQUEST_BLOCKS_MAX, HASH_REQUEST_LENGTH_MAX } from "./limits.ts";
import { isPowerOfTwo, powerOfTwoFrom } from "./merkle-tree.ts";

/** What a peer asks for in a `hash request` (BEP 52), with any numbers. */
export type HashRequest = {
  /** The 32 bytes that the file is known by. */
  readonly piecesRoot: Uint8Array;
  readonly baseLayer: number;
  readonly index: number;
  readonly length: number;
  readonly proofLayers: number;
};

/** Why a hash request is rejected; nothing but our counters tells. */
export type HashRejectReason =
  | "pieces-root-unknown"
  /** The .torrent has no piece layer for the file. */
  | "piece-layer-unknown"
  | "base-layer-out-of-range"
  | "index-out-of-range"
  | "length-not-allowed"
  | "proof-layers-out-of-range";

/**
 * Why these hashes may not be asked for of a file; null if they may.
 *
 * The length is a power of two from 2 on and the index a multiple of it, so that the hashes are the
 * whole base of a subtree. At the end of the layer it may go on into padding, or be cut there to
 * any length: libtorrent asks so for the last of 513 pieces, with a length of 1. What is padding
 * alone may not be asked for, nor the root, which whoever asks must have.
 */
export function hashRequestFault(
  request: Omit<HashRequest, "piecesRoot">,
  shape: HashTreeShape,
): HashRejectReason | null {
  const { baseLayer, index, length, proofLayers } = request;
  if (!isIndexBelow(shape.height, baseLayer)) return "base-layer-out-of-range";
  const nodes = nodesInLayer(shape, baseLayer);
  if (!isIndexBelow(nodes, index)) return "index-out-of-range";

  const isOnePiece = baseLayer === 0 && length === 2 ** shape.pieceLayer;
  const lengthMax = isOnePiece ? HASH_REQUEST_BLOCKS_MAX : HASH_REQUEST_LENGTH_MAX;
  if (!isIndexBelow(lengthMax, length - 1)) return "length-not-allowed";
  const isCut = index + length === nodes;
  if (!isCut && (length === 1 || !isPowerOfTwo(length))) return "length-not-allowed";
  if (subtreeHeight(length) > shape.height - baseLayer) return "length-not-allowed";
  if (index % powerOfTwoFrom(length) !== 0) return "index-out-of-range";

  return isIndexBelow(shape.height - baseLayer, proofLayers) ? null : "proof-layers-out-of-range";
}

/** How far above the base layer the root of the subtree is that the hashes are the base of. */
export function subtreeHeight(length: number): number {
  return Math.log2(powerOfTwoFrom(length));
}

/**
 * How many uncle hashes follow the hashes themselves. A proof layer is the sibling of an ancestor,
 * and those within the subtree are left out, but counted. The first one after these is the sibling
 * of the subtree's own root, so a length of 1 gets one more than it has proof layers, as
 * libtorrent's client wants it.
 */
export function uncleCount({ length, proofLayers }: HashRequest): number {
  return Math.max(0, proofLayers + 1 - subtreeHeight(length));
}

function isIndexBelow(end: number, value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < end;
}
