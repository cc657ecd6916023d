import type { InfoHash } from "@seedfleet/bytes";
import type { DraftFile } from "./layout-torrent.ts";
import type { TorrentVersion } from "./metainfo.ts";

/** What a torrent is made of, in the terms of `Metainfo`. */
export type MetainfoDraft = {
  /** `v1` where it is not said. */
  readonly version?: TorrentVersion;
  readonly name: string;
  /** A single file has one file, whose path is the name. */
  readonly single: boolean;
  /** For v2 and hybrid torrents in any order, with padding or without: see `layoutTorrent()`. */
  readonly files: readonly DraftFile[];
  readonly pieceLengthBytes: number;
  /** The SHA-1 of every piece of the layout, one after the other; for v2 none. */
  readonly pieceHashes?: Uint8Array | null;
  /** The root of every piece of the layout, one after the other; for v1 none. */
  readonly pieceRoots?: Uint8Array | null;
  readonly private?: boolean;
  readonly trackers?: readonly (readonly string[])[];
  readonly webSeeds?: readonly string[];
  readonly httpSeeds?: readonly string[];
  readonly comment?: string | null;
  readonly createdBy?: string | null;
  readonly creationDateSeconds?: number | null;
  readonly source?: string | null;
  readonly similar?: readonly InfoHash[];
  readonly collections?: readonly string[];
};
