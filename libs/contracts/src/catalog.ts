import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { count, infoHash, processId, timestampMs } from "./scalars.ts";

/** Key-value: info hash → `CatalogEntry`. */
export const CATALOG_BUCKET = "seedfleet-catalog";

/** Objects: info hash → the bytes of the `.torrent`, without trackers. */
export const METAINFO_BUCKET = "seedfleet-metainfo";

/** Key-value: `{holder}.{hash of path and options}` → `HashMemo`, so nothing is hashed twice. */
export const HASH_MEMO_BUCKET = "seedfleet-hashed";

/** What the fleet publishes, and who holds its bytes. */
export type CatalogEntry = {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly sizeBytes: number;
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  readonly fileCount: number;
  /** BEP 27: peers come from the tracker only. */
  readonly private: boolean;
  /** The piece-store that reads it. */
  readonly holder: string;
  /** The directory or file, as the holder sees it. */
  readonly path: string;
  /** SHA-256 over path, size, mtime and inode of every file as they were when hashed. */
  readonly fingerprint: string;
  readonly addedAtMs: number;
};

/** What a holder hashed once: the same path with the same fingerprint is this torrent. */
export type HashMemo = { readonly infoHash: InfoHash; readonly fingerprint: string };

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);

export const catalogEntry: z.ZodType<CatalogEntry> = z.strictObject({
  infoHash,
  name: z.string().min(1).max(1_024),
  sizeBytes: count,
  pieceLengthBytes: z.int().min(1),
  pieceCount: z.int().min(1),
  fileCount: z.int().min(1),
  private: z.boolean(),
  holder: processId,
  path: z.string().min(1).max(4_096),
  fingerprint,
  addedAtMs: timestampMs,
});

export const hashMemo: z.ZodType<HashMemo> = z.strictObject({ infoHash, fingerprint });
