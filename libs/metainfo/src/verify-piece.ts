import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { fileAt } from "./file-spans.ts";
import { BLOCK_BYTES, BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import { type Metainfo, pieceHash, pieceLengthAt } from "./metainfo.ts";
import { pieceRoot } from "./piece-root.ts";

/** What of a metainfo verifying takes. */
export type VerifiableMetainfo = Pick<
  Metainfo,
  "files" | "sizeBytes" | "pieceLengthBytes" | "pieceCount" | "pieceHashes" | "pieceRoots"
>;

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
  const { files, pieceRoots, pieceLengthBytes } = metainfo;
  const wholeBytes = pieceLengthAt(metainfo, piece);
  const start = piece * pieceLengthBytes;
  const file = files[fileAt(files, start)];
  assert(file !== undefined);
  const fileBytes = Math.min(pieceLengthBytes, file.offsetBytes + file.lengthBytes - start);
  if (bytes.length !== fileBytes && bytes.length !== wholeBytes) return false;

  const fileIsOnePiece = file.lengthBytes <= pieceLengthBytes;
  const at = piece * BLOCK_HASH_BYTES;
  const known = pieceRoots?.subarray(at, at + BLOCK_HASH_BYTES);
  const expected = known ?? (fileIsOnePiece ? file.piecesRoot : null);
  if (expected === null || !isZero(bytes.subarray(fileBytes))) return false;
  const root = pieceRoot(bytes.subarray(0, fileBytes), pieceLengthBytes, { fileIsOnePiece });
  return Buffer.compare(root, expected) === 0;
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (Buffer.compare(part, ZEROS.subarray(0, part.length)) !== 0) return false;
  }
  return true;
}
