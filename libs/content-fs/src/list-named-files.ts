import { basename, join } from "node:path";
import {
  type ContentFile,
  type ContentListing,
  contentChanged,
  contentEmpty,
  contentMissing,
  contentUnreadable,
} from "@seedfleet/content";
import { errorCode, forEachBounded } from "@seedfleet/runtime";
import { fileFault, pathFault } from "./faults.ts";
import { identityOf } from "./is-listed.ts";
import { LISTING_CALLS_AT_ONCE_MAX, resolvePath } from "./list-content.ts";
import { assertReadable, lstat, realPath } from "./system-calls.ts";

type NamedFiles = {
  readonly files: readonly (readonly string[])[];
  readonly signal?: AbortSignal | undefined;
};

/**
 * Lists these files of a directory, in this order, and nothing else that lies there. No link is
 * followed, neither as a file nor on the way to one, so nothing outside the directory is read.
 */
export async function listNamedFiles(
  path: string,
  { files, signal }: NamedFiles,
): Promise<ContentListing> {
  const root = await resolvePath(path);
  const stats = await lstat(root).catch((error: unknown) => {
    throw pathFault(root, error);
  });
  if (!stats.isDirectory()) throw contentUnreadable(root, "it is not a directory");
  const directories = new Map<string, Promise<void>>();
  const listed: ContentFile[] = new Array(files.length);
  await forEachBounded(files, LISTING_CALLS_AT_ONCE_MAX, async (file, index) => {
    signal?.throwIfAborted();
    const directory = join(root, ...file.slice(0, -1));
    const real = directories.get(directory) ?? assertReal(root, directory);
    directories.set(directory, real);
    await real;
    listed[index] = await listFile(join(root, ...file), file);
  });
  const sizeBytes = listed.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes === 0) throw contentEmpty(root);
  return {
    ...{ path: root, name: basename(root), single: false, files: listed },
    ...{ sizeBytes, skipped: [] },
  };
}

async function listFile(absolute: string, path: readonly string[]): Promise<ContentFile> {
  const stats = await lstat(absolute).catch((error: unknown) => {
    throw pathFault(absolute, error);
  });
  if (!stats.isFile()) throw contentMissing(absolute);
  await assertReadable(absolute).catch((error: unknown) => {
    throw fileFault(absolute, error);
  });
  return { path, ...identityOf(stats) };
}

/** A directory that is reached over a link may lie anywhere. */
async function assertReal(root: string, directory: string): Promise<void> {
  if (directory === root) return;
  const real = await realPath(directory).catch((error: unknown) => {
    throw errorCode(error) === "ELOOP" ? contentChanged(directory) : pathFault(directory, error);
  });
  if (real.toString() === directory) return;
  throw contentUnreadable(directory, "it is reached over a symbolic link, which is not followed");
}
