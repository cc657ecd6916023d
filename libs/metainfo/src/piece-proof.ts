import assert from "node:assert/strict";
import { fileAt } from "./file-spans.ts";
import { BLOCK_HASH_BYTES } from "./merkle-tree.ts";
import { type Metainfo, pieceHash, pieceLengthAt } from "./metainfo.ts";

/** What of a metainfo verifying takes. */
export type VerifiableMetainfo = Pick<
  Metainfo,
  "files" | "sizeBytes" | "pieceLengthBytes" | "pieceCount" | "pieceHashes" | "pieceRoots"
>;

/** A piece is right when this is its SHA-1 (BEP 3). */
export type Sha1Proof = {
  readonly kind: "sha1";
  readonly lengthBytes: number;
  readonly sha1: Uint8Array;
};

/** A piece is right when this is the root of its tree (BEP 52). */
export type TreeProof = {
  readonly kind: "tree";
  /** On the wire. */
  readonly lengthBytes: number;
  /** Of these the file's; zeros follow. */
  readonly fileBytes: number;
  readonly pieceLengthBytes: number;
  readonly fileIsOnePiece: boolean;
  /** Null where it is not known: then nothing is right. */
  readonly root: Uint8Array | null;
};

/** What one piece is checked against: data of its own, that may go to another thread. */
export type PieceProof = Sha1Proof | TreeProof;

/** The SHA-1 where there is one, else the tree. */
export function pieceProof(metainfo: VerifiableMetainfo, piece: number): PieceProof {
  if (metainfo.pieceHashes === null) return treeProof(metainfo, piece);
  const sha1 = Uint8Array.from(pieceHash(metainfo, piece));
  return { kind: "sha1", lengthBytes: pieceLengthAt(metainfo, piece), sha1 };
}

/** The tree, which a hybrid torrent has besides. */
export function treeProof(metainfo: VerifiableMetainfo, piece: number): TreeProof {
  const { files, pieceRoots, pieceLengthBytes } = metainfo;
  const start = piece * pieceLengthBytes;
  const file = files[fileAt(files, start)];
  assert(file !== undefined);
  const fileIsOnePiece = file.lengthBytes <= pieceLengthBytes;
  const at = piece * BLOCK_HASH_BYTES;
  const known = pieceRoots?.subarray(at, at + BLOCK_HASH_BYTES);
  const root = known ?? (fileIsOnePiece ? file.piecesRoot : null);
  return {
    ...{ kind: "tree", lengthBytes: pieceLengthAt(metainfo, piece) },
    fileBytes: Math.min(pieceLengthBytes, file.offsetBytes + file.lengthBytes - start),
    ...{ pieceLengthBytes, fileIsOnePiece },
    root: root === null ? null : Uint8Array.from(root),
  };
}
