import { basename, join } from "node:path";
import {
  CONTENT_ENTRIES_MAX,
  type ContentListing,
  contentEmpty,
  contentNameNotUtf8,
  contentTooManyFiles,
  contentUnreadable,
  type ListOptions,
} from "@seedfleet/content";
import { forEachBounded } from "@seedfleet/runtime";
import { fileFault, pathFault } from "./faults.ts";
import { fileState, fileStates, LISTING_CALLS_AT_ONCE_MAX } from "./file-states.ts";
import { type DirectoryEntry, lstat, readDirectory, realPath } from "./system-calls.ts";

export { LISTING_CALLS_AT_ONCE_MAX };

/** A file or a directory that was found, and where it is. */
type Found = { readonly path: readonly string[]; readonly absolute: string };

type Tree = {
  readonly root: string;
  readonly files: Found[];
  readonly skipped: string[];
  entries: number;
};

/** Where a path leads once every link is followed. */
export async function resolvePath(path: string): Promise<string> {
  const resolved = await realPath(path).catch((error) => fail(pathFault(path, error)));
  return textOf(resolved) ?? fail(contentNameNotUtf8(path, resolved));
}

/**
 * Lists a file, or all regular files of a directory in the order of their path bytes. Symlinks in
 * it are not followed, so nothing outside it is ever read and no link leads round in a circle.
 */
export async function listContent(
  path: string,
  { signal }: ListOptions = {},
): Promise<ContentListing> {
  const root = await resolvePath(path);
  const stats = await lstat(root).catch((error) => fail(pathFault(root, error)));
  const name = basename(root);
  if (stats.isFile()) {
    const files = [{ path: [name], ...(await fileState(root)) }];
    return listing({ path: root, name, single: true, files, skipped: [] });
  }
  if (!stats.isDirectory()) {
    throw contentUnreadable(root, "it is neither a file nor a directory; name one of these");
  }
  const tree = await findFiles(root, signal);
  const files = tree.files.map((found): [Found, string] => [found, byteOrder(found.path)]);
  const inOrder = files.toSorted(([, a], [, b]) => (a < b ? -1 : 1)).map(([found]) => found);
  const states = await fileStates(
    inOrder.map(({ absolute }) => absolute),
    signal,
  );
  const listedFiles = states.map((state, index) => ({
    path: inOrder[index]?.path ?? [],
    ...state,
  }));
  const skipped = tree.skipped.toSorted();
  return listing({ path: root, name, single: false, files: listedFiles, skipped });
}

function listing(listing: Omit<ContentListing, "sizeBytes">): ContentListing {
  const sizeBytes = listing.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes === 0) throw contentEmpty(listing.path);
  return { ...listing, sizeBytes };
}

/** Level by level, so that directories of one level are read side by side. */
async function findFiles(root: string, signal: AbortSignal | undefined): Promise<Tree> {
  const tree: Tree = { root, files: [], skipped: [], entries: 0 };
  for (let level: Found[] = [{ path: [], absolute: root }]; level.length > 0; ) {
    const below: Found[] = [];
    await forEachBounded(level, LISTING_CALLS_AT_ONCE_MAX, async (directory) => {
      signal?.throwIfAborted();
      const entries = await readDirectory(directory.absolute).catch((error) =>
        fail(fileFault(directory.absolute, error)),
      );
      tree.entries += entries.length;
      if (tree.entries > CONTENT_ENTRIES_MAX) throw contentTooManyFiles(root, CONTENT_ENTRIES_MAX);
      for (const entry of entries) sortOut(entry, directory, { tree, below });
    });
    level = below;
  }
  return tree;
}

function sortOut(
  entry: DirectoryEntry,
  directory: Found,
  { tree, below }: { readonly tree: Tree; readonly below: Found[] },
): void {
  const name = textOf(entry.name);
  if (!entry.isFile() && !entry.isDirectory()) {
    tree.skipped.push([...directory.path, name ?? entry.name.toString()].join("/"));
    return;
  }
  if (name === null) throw contentNameNotUtf8(directory.absolute, entry.name);
  const found = { path: [...directory.path, name], absolute: join(directory.absolute, name) };
  (entry.isFile() ? tree.files : below).push(found);
}

/** A text whose order by UTF-16 units is the order of the path's UTF-8 bytes. */
function byteOrder(path: readonly string[]): string {
  const text = path.join("/");
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}

/** Null if the bytes are not UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function fail(error: Error): never {
  throw error;
}
