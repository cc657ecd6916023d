import assert from "node:assert/strict";
import { join } from "node:path";
import { type Places, placesBetween, placesLength } from "@seedfleet/bytes";
import {
  type Content,
  type ContentListing,
  type ContentRange,
  type ContentSource,
  contentChanged,
  type ListOptions,
} from "@seedfleet/content";
import type { Clock } from "@seedfleet/runtime";
import { forEachBounded } from "@seedfleet/runtime";
import { fileFault } from "./faults.ts";
import { isListed } from "./is-listed.ts";
import { listContent, resolvePath } from "./list-content.ts";
import { listNamedFiles } from "./list-named-files.ts";
import { type ListedFile, OpenFiles } from "./open-files.ts";
import { loadReadCached, type ReadCached } from "./read-cached.ts";
import { lstat, lstatAtOnce, readAt, readPlacesAt } from "./system-calls.ts";

/** One of Node's four threads is taken while a read lasts, so none shall last long. */
export const READ_BYTES_MAX: number = 4 * 1024 * 1024;

/** Node reads four files at a time; the rest keeps its queue full while results are handled. */
export const RANGES_AT_ONCE_MAX = 8;

/** How long nobody looks at the path of a file of which all is read without waiting. */
export const SEEN_MS_MAX = 10;

export type FsContentPorts = { readonly clock: Clock };

type Part = { readonly range: ContentRange; readonly places: Places };

/**
 * Content in directories and files of this machine, read where it lies.
 *
 * After every read the file at the path is compared with the listing, so bytes that are given were
 * read while it was unchanged; what keeps size, time and inode alike can only be seen by hashing.
 * Of reads that wait for nothing, of which there are thousands a second, one in some milliseconds.
 */
export class FsContentSource implements ContentSource, AsyncDisposable {
  readonly #clock: Clock;
  readonly #openFiles: OpenFiles;
  readonly #readCached: ReadCached | null = loadReadCached();

  constructor(ports: FsContentPorts) {
    this.#clock = ports.clock;
    this.#openFiles = new OpenFiles(ports.clock);
  }

  resolve(path: string): Promise<string> {
    return resolvePath(path);
  }

  list(path: string, options: ListOptions = {}): Promise<ContentListing> {
    const { files, signal } = options;
    return files === undefined
      ? listContent(path, options)
      : listNamedFiles(path, { files, signal });
  }

  open(listing: ContentListing): Content {
    const readCached = this.#readCached;
    return {
      listing,
      read: (ranges, into) => this.#readAll(listing, ranges, [into]),
      readPlaces: (ranges, places) => this.#readAll(listing, ranges, places),
      ...(readCached === null
        ? {}
        : {
            readAtOnce: (ranges, places) =>
              this.#readAtOnce({ listing, readCached }, ranges, places),
          }),
      localPath: (file) => pathOf(listing, file),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#openFiles[Symbol.asyncDispose]();
  }

  /** Of files that are open: to open one may take as long as a disk takes. */
  #readAtOnce(
    { listing, readCached }: { listing: ContentListing; readCached: ReadCached },
    ranges: readonly ContentRange[],
    places: Places,
  ): boolean {
    const nowMs = this.#clock.nowMs();
    let at = 0;
    return ranges.every(({ file, offsetBytes, lengthBytes }) => {
      const begin = at;
      at += lengthBytes;
      const listed = listing.files[file];
      assert(listed !== undefined);
      const open = this.#openFiles.atOnce(listed, nowMs);
      if (open === null) return false;
      const into = ranges.length === 1 ? places : placesBetween(places, begin, at);
      if (!readCached(open.fd, offsetBytes, into)) return false;
      if (open.seenAs === listed && nowMs - open.seenAtMs < SEEN_MS_MAX) return true;
      const found = lstatAtOnce(pathOf(listing, file));
      if (found === undefined || !isListed(found, listed)) return false;
      open.seenAtMs = nowMs;
      open.seenAs = listed;
      return true;
    });
  }

  async #readAll(
    listing: ContentListing,
    ranges: readonly ContentRange[],
    places: Places,
  ): Promise<void> {
    let at = 0;
    const parts = ranges.map((range) => {
      const begin = at;
      at += range.lengthBytes;
      return { range, places: placesBetween(places, begin, at) };
    });
    assert.equal(at, placesLength(places));
    await forEachBounded(parts, RANGES_AT_ONCE_MAX, (part) => this.#read(listing, part));
  }

  async #read(listing: ContentListing, { range, places }: Part): Promise<void> {
    const { offsetBytes, lengthBytes } = range;
    const listed = listing.files[range.file];
    assert(listed !== undefined);
    assert(offsetBytes >= 0 && offsetBytes + lengthBytes <= listed.sizeBytes);
    const path = pathOf(listing, range.file);
    const file: ListedFile = { path, listed };
    try {
      await this.#openFiles.use(file, async (fd) => {
        await readFully(fd, offsetBytes, { path, places });
        if (!isListed(await lstat(path), listed)) throw contentChanged(path);
      });
    } catch (error) {
      throw fileFault(path, error);
    }
  }
}

function pathOf(listing: ContentListing, file: number): string {
  const listed = listing.files[file];
  assert(listed !== undefined);
  return listing.single ? listing.path : join(listing.path, ...listed.path);
}

async function readFully(
  fd: number,
  offsetBytes: number,
  { path, places }: { readonly path: string; readonly places: Places },
): Promise<void> {
  const lengthBytes = placesLength(places);
  for (let filled = 0; filled < lengthBytes; ) {
    const parts = placesBetween(places, filled, Math.min(filled + READ_BYTES_MAX, lengthBytes));
    const [only] = parts;
    const readBytes =
      parts.length === 1 && only !== undefined
        ? await readAt(fd, offsetBytes + filled, only)
        : await readPlacesAt(fd, offsetBytes + filled, parts);
    if (readBytes === 0) throw contentChanged(path);
    filled += readBytes;
  }
}
