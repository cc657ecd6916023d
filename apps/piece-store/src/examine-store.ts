import { randomBytes } from "node:crypto";
import { access, constants, open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  CHECKED_DIRECTORIES_MAX,
  type CheckedDirectory,
  type StoreCheckup,
  UNREADABLE_SOURCES_MAX,
  type UnreadableSource,
} from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";

/** A reason is a line for people. */
const REASON_LENGTH_MAX = 512;

/** What a disk writes at once anyway. */
const WRITTEN_BYTES = 4_096;

/** How a store's directories are, and which sources failed when they were last read. */
export async function examineStore(
  conditions: { readonly unreadable: readonly UnreadableSource[] },
  {
    roots,
    managedRoot,
  }: { readonly roots: readonly string[]; readonly managedRoot: string | null },
): Promise<StoreCheckup> {
  const places = [
    ...(managedRoot === null ? [] : [{ path: managedRoot, managed: true }]),
    ...roots.map((path) => ({ path, managed: false })),
  ];
  const checked = places.slice(0, CHECKED_DIRECTORIES_MAX).map(examineDirectory);
  const { named, more } = eachOnce(conditions.unreadable);
  return {
    directories: await Promise.all(checked),
    unreadable: named,
    moreUnreadable: more,
  };
}

/** A location that several torrents are read from is one source. */
function eachOnce(sources: readonly UnreadableSource[]): {
  readonly named: readonly UnreadableSource[];
  readonly more: number;
} {
  const reasons = new Map(sources.map(({ location, reason }) => [location, reason]));
  const all = [...reasons].map(([location, reason]) => {
    return { location, reason: reason.slice(0, REASON_LENGTH_MAX) };
  });
  const named = all.slice(0, UNREADABLE_SOURCES_MAX);
  return { named, more: all.length - named.length };
}

/** Its room and whether it can be used; of one that is written to, by writing to it. */
export async function examineDirectory({
  path,
  managed,
}: Pick<CheckedDirectory, "path" | "managed">): Promise<CheckedDirectory> {
  // What is written to is made when there is something to write.
  const there = managed ? await nearestThere(resolve(path)) : path;
  const room = await roomAt(there);
  const fault = managed
    ? await faultOf(() => tryWriting(there, { isMade: there === resolve(path) }))
    : await faultOf(() => tryReading(path));
  return { path, managed, ...room, fault };
}

async function roomAt(
  path: string,
): Promise<{ readonly freeBytes: number | null; readonly sizeBytes: number | null }> {
  try {
    const { bsize, bavail, blocks } = await statfs(path);
    return { freeBytes: bsize * bavail, sizeBytes: bsize * blocks };
  } catch {
    return { freeBytes: null, sizeBytes: null };
  }
}

async function nearestThere(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const isThere = await stat(at).then(
      () => true,
      (error: unknown) => errorCode(error) !== "ENOENT",
    );
    if (isThere || at === dirname(at)) return at;
  }
}

async function tryReading(path: string): Promise<void> {
  const isDirectory = (await stat(path)).isDirectory();
  await access(path, isDirectory ? constants.R_OK | constants.X_OK : constants.R_OK);
}

async function tryWriting(path: string, { isMade }: { readonly isMade: boolean }): Promise<void> {
  if (!isMade) return await access(path, constants.W_OK | constants.X_OK);
  const file = join(path, `.checkup-${randomBytes(8).toString("hex")}`);
  await using opened = await open(file, "wx");
  try {
    await opened.writeFile(Buffer.alloc(WRITTEN_BYTES));
    await opened.sync();
  } finally {
    await rm(file, { force: true });
  }
}

async function faultOf(use: () => Promise<void>): Promise<string | null> {
  try {
    await use();
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown";
  }
}
