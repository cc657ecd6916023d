import assert from "node:assert/strict";
import type { InfoHash } from "@seedfleet/bytes";

/** The length of a SHA-1, of which a v1 torrent has one per piece (BEP 3). */
export const PIECE_HASH_BYTES = 20;

/** A file's place in the torrent. The files follow each other without a gap. */
export type MetainfoFile = {
  /**
   * From the directory named `Metainfo.name`, or of a single file its name alone. Every element is
   * safe to create in a directory, and no two files that are not padding share a path.
   */
  readonly path: readonly string[];
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  /** Zeros between files that are stored nowhere (BEP 47). */
  readonly padding: boolean;
};

/**
 * What a .torrent file says (BEP 3, 12, 19), judged and made safe to use. Of a hybrid torrent
 * (BEP 52) it is the v1 side. Its bytes are its own: the file it was read from may be written over.
 */
export type Metainfo = {
  readonly kind: "metainfo";
  readonly version: "v1";
  readonly infoHash: InfoHash;
  readonly name: string;
  /** Whether the torrent is one file and no directory. */
  readonly single: boolean;
  readonly private: boolean;
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  /** The SHA-1 of every piece, one after the other; `pieceHash()` gives one. */
  readonly pieceHashes: Uint8Array;
  readonly files: readonly MetainfoFile[];
  /** Tiers of trackers (BEP 12), none of them empty. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly creationDateSeconds: number | null;
  /** The info dictionary to the bit, as peers ask for it (BEP 9); the info hash is its SHA-1. */
  readonly infoBytes: Uint8Array;
};

/** The 20 bytes that the SHA-1 of the piece must be; a view. */
export function pieceHash(
  { pieceHashes }: Pick<Metainfo, "pieceHashes">,
  piece: number,
): Uint8Array {
  const start = piece * PIECE_HASH_BYTES;
  assert(Number.isInteger(piece) && piece >= 0);
  assert(start < pieceHashes.length);
  return pieceHashes.subarray(start, start + PIECE_HASH_BYTES);
}

/** The length of a piece: all are as long but the last, which is what remains. */
export function pieceLengthAt(
  metainfo: Pick<Metainfo, "pieceCount" | "pieceLengthBytes" | "sizeBytes">,
  piece: number,
): number {
  const { pieceCount, pieceLengthBytes, sizeBytes } = metainfo;
  assert(Number.isInteger(piece) && piece >= 0);
  assert(piece < pieceCount);
  return Math.min(pieceLengthBytes, sizeBytes - piece * pieceLengthBytes);
}
