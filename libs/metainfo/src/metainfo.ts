import assert from "node:assert/strict";
import type { InfoHash, InfoHashV2 } from "@seedfleet/bytes";

/** The length of a SHA-1, of which a v1 torrent has one per piece (BEP 3). */
export const PIECE_HASH_BYTES = 20;

/** Which hashes a torrent has: SHA-1 of pieces (BEP 3), SHA-256 trees (BEP 52), or both. */
export type TorrentVersion = "v1" | "v2" | "hybrid";

/** A file's place in the torrent. The files follow each other without a gap. */
export type MetainfoFile = {
  /**
   * From the directory named `Metainfo.name`, or of a single file its name alone. Every element is
   * safe to create in a directory, and no two files that are not padding share a path.
   */
  readonly path: readonly string[];
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  /**
   * Zeros that are stored nowhere (BEP 47), so that the next file starts with a piece. A torrent of
   * v2 alone does not list them, but its pieces are counted as if it did; so after every file that
   * ends within a piece, the last one too, here is some.
   */
  readonly padding: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  /**
   * Where a symbolic link points to, from the torrent's root; it has no bytes of its own. The path
   * leads to nothing outside the torrent, but may lead to nothing at all.
   */
  readonly symlink: readonly string[] | null;
  /** The 32 bytes atop the file's tree. Null in v1, for padding and for a file of 0 bytes. */
  readonly piecesRoot: Uint8Array | null;
};

/**
 * What a .torrent file says (BEP 3, 12, 17, 19, 38, 47, 52), judged and made safe to use. Its bytes
 * are its own: the file it was read from may be written over.
 */
export type Metainfo = {
  readonly kind: "metainfo";
  readonly version: TorrentVersion;
  /** What peers and trackers know the torrent by: of v2 alone it is the head of `infoHashV2`. */
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
  readonly name: string;
  /** Whether the torrent is one file and no directory. */
  readonly single: boolean;
  readonly private: boolean;
  /** With padding. */
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  /** The SHA-1 of every piece, one after the other; null in v2. `pieceHash()` gives one. */
  readonly pieceHashes: Uint8Array | null;
  /**
   * The SHA-256 root of every piece, 32 bytes one after the other; no two files share a piece. Null
   * in v1, and where the .torrent lacks the piece layer of a file: peers would have to be asked.
   */
  readonly pieceRoots: Uint8Array | null;
  readonly files: readonly MetainfoFile[];
  /** Tiers of trackers (BEP 12), none of them empty. */
  readonly trackers: readonly (readonly string[])[];
  /** Servers that have the files (BEP 19). */
  readonly webSeeds: readonly string[];
  /** Servers that are asked for pieces (BEP 17). */
  readonly httpSeeds: readonly string[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly creationDateSeconds: number | null;
  /** Who made it, which private trackers put in so that the info hash is their own. */
  readonly source: string | null;
  /** Torrents and collections of them that may hold the same files (BEP 38). */
  readonly similar: readonly InfoHash[];
  readonly collections: readonly string[];
  /** The info dictionary to the bit, as peers ask for it (BEP 9); the info hashes are its own. */
  readonly infoBytes: Uint8Array;
};

/** The 20 bytes that the SHA-1 of the piece must be; a view. Of v2 alone there are none. */
export function pieceHash(
  { pieceHashes }: Pick<Metainfo, "pieceHashes">,
  piece: number,
): Uint8Array {
  assert(pieceHashes !== null);
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
