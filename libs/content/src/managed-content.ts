import type { ContentRange } from "./content-source.ts";

/** A file of a torrent as it is to be written; padding and symlinks are not among them. */
export type ManagedFile = {
  /** From the torrent's own directory; of a single file its name alone. */
  readonly path: readonly string[];
  readonly sizeBytes: number;
};

/** What has to be known of a torrent to keep its files. */
export type ManagedShape = {
  readonly files: readonly ManagedFile[];
  readonly pieceCount: number;
};

/** A part of a piece, and where it belongs. */
export type ManagedSpan = {
  /** Its index in the files. */
  readonly file: number;
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
};

/**
 * The files of one torrent that come piece by piece, and which pieces have come.
 *
 * A piece counts as there only once its bytes and then the note of it were synced, so whatever
 * dies, a piece that is there after it has the bytes that were written. Costs nothing until it is
 * used, and needs no closing.
 */
export interface ManagedContent {
  readonly files: readonly ManagedFile[];
  readonly pieceCount: number;
  /** How many pieces are there. */
  readonly havePieces: number;
  /**
   * What is wrong with the notes that a former process left, as a sentence's end (`it is missing`);
   * null once they are written anew. The pieces whose notes were lost count as absent, though their
   * bytes may well be there.
   */
  readonly recordFault: string | null;
  has(piece: number): boolean;
  /** Which pieces are there, as a `bitfield` message has them (BEP 3); a copy. */
  bitfield(): Uint8Array;
  /**
   * Writes a piece whose hash was checked, all of it, and resolves once it is there for good. A
   * piece that is there already is left as it is. The bytes must not change before it settles.
   *
   * Rejects with `content-unwritable`, or `content-full`; the piece is absent then, and may be
   * written again.
   */
  writePiece(piece: number, spans: readonly ManagedSpan[]): Promise<void>;
  /**
   * Forgets a piece whose bytes turned out to be bad: at once, and for good once it resolves.
   * Rejects as a write does; a later process may then take the piece for there.
   */
  markAbsent(piece: number): Promise<void>;
  /**
   * Fills `into` with the bytes of the ranges, one after the other. Of a piece that is absent they
   * are anything. Rejects with `content-changed` where a file is not there or too short, and with
   * `content-unreadable`.
   */
  read(ranges: readonly ContentRange[], into: Uint8Array): Promise<void>;
}

/** Torrents' files that are ours to write, under a key each: the 40 hex digits of an info hash. */
export interface ManagedContentStore extends AsyncDisposable {
  /**
   * Makes room for a torrent: all of its files, with their sizes, take no space yet. What is under
   * the key already stays, and its pieces count if they are of the same shape.
   * Rejects with `content-unwritable` or `content-full`, and then nothing new is there.
   */
  create(key: string, shape: ManagedShape): Promise<ManagedContent>;
  /** Null where nothing was created. Rejects with `content-unreadable`. */
  open(key: string): Promise<ManagedContent | null>;
  /** Removes the files and forgets the pieces. It is gone for good once this resolves. */
  remove(key: string): Promise<void>;
  /** The keys under which something was created, in order. */
  list(): Promise<readonly string[]>;
  /** How many bytes may still be written to its disk. */
  freeBytes(): Promise<number>;
}
