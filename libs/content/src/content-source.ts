import type { Places } from "@seedfleet/bytes";

/** One regular file of what is published. The texts are compared for equality only. */
export type ContentFile = {
  /** From the content's own path, one name per element; of a single file its name alone. */
  readonly path: readonly string[];
  readonly sizeBytes: number;
  /** When it was last written to, as finely as the source tells (nanoseconds, a date). */
  readonly modified: string;
  /** What it is apart from its name: the inode of a file, the ETag of an object. */
  readonly identity: string;
};

/** What lay at a path at one moment, in an order that depends on nothing but the names. */
export type ContentListing = {
  /** Where it lies: an absolute path with every link on the way resolved, or a URL. */
  readonly path: string;
  /** The last element of the path. */
  readonly name: string;
  /** Whether the path is one file and no directory. */
  readonly single: boolean;
  readonly files: readonly ContentFile[];
  readonly sizeBytes: number;
  /** Relative paths of what was left out: symlinks, sockets, devices, pipes. */
  readonly skipped: readonly string[];
};

export type ListOptions = {
  readonly signal?: AbortSignal;
  /**
   * Only these files are listed, in this order, each of them a path from the content's own; of a
   * single file there is one, its name. Where one is absent `content-missing` names it. An origin
   * that cannot tell what it has (HTTP) lists a directory only so.
   */
  readonly files?: readonly (readonly string[])[];
};

/** Bytes of one listed file, which it has. */
export type ContentRange = {
  /** Its index in the listing. */
  readonly file: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
};

/** The files of one listing, as they were listed and not otherwise. */
export interface Content {
  readonly listing: ContentListing;
  /**
   * Fills `into` with the bytes of the ranges, one after the other; together they are as long.
   *
   * Rejects with `content-changed` when a file is no longer what was listed, were it only while it
   * was being read: bytes that are given are the listed files'. Rejects with `content-unreadable`
   * when the source fails. Once it has rejected, `into` is not written to any more.
   */
  read(ranges: readonly ContentRange[], into: Uint8Array): Promise<void>;
  /**
   * The same into memory in parts, which are filled one after the other. Absent where it would
   * spare no copy.
   */
  readonly readPlaces?: (ranges: readonly ContentRange[], places: Places) => Promise<void>;
  /**
   * The same without waiting for anything: true if all of it was in this machine's memory and the
   * files are what was listed, or were so some milliseconds ago: for whoever knows the bytes again.
   * False in every other case, whatever the reason, which `readPlaces` tells; then the places hold
   * anything. Absent where it can never be so.
   */
  readonly readAtOnce?: (ranges: readonly ContentRange[], places: Places) => boolean;
  /**
   * Where a listed file can be opened on this machine, for whoever reads in a thread of its own and
   * makes sure of what it read as `read` does. Absent where content is in no file system.
   */
  readonly localPath?: (file: number) => string;
}

/**
 * Where content lies: a file system, a bucket, an origin. Failures are `SeedfleetError`s with the
 * codes of `errors.ts`.
 */
export interface ContentSource {
  /**
   * Where a path leads once every link is followed, or a URL in the one form that is compared.
   * Rejects with `content-missing`.
   */
  resolve(path: string): Promise<string>;
  /** Everything there that can be seeded, each file known to be readable. */
  list(path: string, options?: ListOptions): Promise<ContentListing>;
  /** Costs nothing until it is read from, and needs no closing. */
  open(listing: ContentListing): Content;
}
