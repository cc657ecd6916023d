import type { Content } from "@seedfleet/content";
import type { TorrentVersion } from "@seedfleet/metainfo";

/** A run of bytes of the torrent: a listed file, or padding, which is zeros. */
export type HashLayoutFile = {
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  readonly padding: boolean;
  /** Its index in the content's listing; null for padding and for what has no bytes. */
  readonly contentFile: number | null;
};

/** The files follow each other without a gap. In v2 and hybrids each begins with a piece. */
export type HashLayout = {
  readonly files: readonly HashLayoutFile[];
  readonly sizeBytes: number;
};

/**
 * What is hashed so far: all pieces below `pieceCount`. The hashes are views of what the engine
 * writes on behind them, so they never change; whoever wants to keep them for long copies them.
 */
export type HashCheckpoint = {
  readonly pieceCount: number;
  readonly pieceHashes: Uint8Array | null;
  readonly pieceRoots: Uint8Array | null;
};

export type HashPlan = {
  readonly content: Content;
  readonly layout: HashLayout;
  readonly version: TorrentVersion;
  readonly pieceLengthBytes: number;
  readonly signal: AbortSignal;
  /**
   * Told again and again how many bytes of content have been hashed in all, never fewer than
   * before. Those of `resume` are among them, and are told before `hash()` returns.
   */
  readonly hashed: (hashedBytes: number) => void;
  /** What an earlier run of the same plan has hashed. */
  readonly resume: HashCheckpoint | null;
  /** Given a few dozen times in the course of a long job, and once more when it is aborted. */
  readonly checkpoint?: (checkpoint: HashCheckpoint) => void;
};

export type PieceDigests = {
  /** The SHA-1 of every piece, 20 bytes each; null in v2. */
  readonly pieceHashes: Uint8Array | null;
  /** The SHA-256 root of every piece, 32 bytes each; null in v1. */
  readonly pieceRoots: Uint8Array | null;
};
