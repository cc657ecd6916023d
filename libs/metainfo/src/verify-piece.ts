import { hash } from "node:crypto";
import { BLOCK_BYTES } from "./merkle-tree.ts";
import { pieceHash, pieceLengthAt } from "./metainfo.ts";
import { type TreeProof, treeProof, type VerifiableMetainfo } from "./piece-proof.ts";
import { pieceRoot } from "./piece-root.ts";

const ZEROS: Uint8Array = new Uint8Array(BLOCK_BYTES);

/**
 * Whether these are the bytes of a piece, whole and as on the wire: by its SHA-1 where there is one
 * (BEP 3), else by its tree (BEP 52).
 */
export function verifyPiece(
  metainfo: VerifiableMetainfo,
  piece: number,
  bytes: Uint8Array,
): boolean {
  if (metainfo.pieceHashes === null) return verifyPieceRoot(metainfo, piece, bytes);
  if (bytes.length !== pieceLengthAt(metainfo, piece)) return false;
  return hash("sha1", bytes, "buffer").equals(pieceHash(metainfo, piece));
}

/**
 * Whether these are the bytes of a piece by its tree alone, which of a hybrid torrent may be asked
 * besides. They may end where the file does, or go on with zeros to the piece's own end. No bytes
 * are right where the root is not known.
 */
export function verifyPieceRoot(
  metainfo: VerifiableMetainfo,
  piece: number,
  bytes: Uint8Array,
): boolean {
  return hasRoot(treeProof(metainfo, piece), bytes);
}

/** The same of what was taken out of the metainfo for it. */
export function hasRoot(proof: TreeProof, bytes: Uint8Array): boolean {
  const { root, fileBytes, pieceLengthBytes, fileIsOnePiece } = proof;
  if (bytes.length !== fileBytes && bytes.length !== proof.lengthBytes) return false;
  if (root === null || !isZero(bytes.subarray(fileBytes))) return false;
  const found = pieceRoot(bytes.subarray(0, fileBytes), pieceLengthBytes, { fileIsOnePiece });
  return Buffer.compare(found, root) === 0;
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (Buffer.compare(part, ZEROS.subarray(0, part.length)) !== 0) return false;
  }
  return true;
}
