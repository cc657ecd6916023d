import assert from "node:assert/strict";
import { BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import type { Metainfo, MetainfoFile } from "./metainfo.ts";

/**
 * The piece layer of a file (BEP 52): the root of each of its pieces, as a view. Null where there
 * is none to be had: in v1, for padding and for a file without bytes.
 */
export function pieceLayer(
  { pieceRoots, pieceLengthBytes }: Pick<Metainfo, "pieceRoots" | "pieceLengthBytes">,
  {
    offsetBytes,
    lengthBytes,
    padding,
  }: Pick<MetainfoFile, "offsetBytes" | "lengthBytes" | "padding">,
): Uint8Array | null {
  if (pieceRoots === null || padding || lengthBytes === 0) return null;
  const first = offsetBytes / pieceLengthBytes;
  assert(Number.isInteger(first));
  const end = first + Math.ceil(lengthBytes / pieceLengthBytes);
  assert(end * BLOCK_HASH_BYTES <= pieceRoots.length);
  return pieceRoots.subarray(first * BLOCK_HASH_BYTES, end * BLOCK_HASH_BYTES);
}
