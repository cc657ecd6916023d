import * as fs from "node:fs";
import { promisify } from "node:util";
import { errorCode } from "@seedfleet/runtime";
import { close, realPath } from "./system-calls.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } =
  fs.constants;

export type OpenMode = "read" | "write" | "read-write" | "create";

const MODES: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_WRONLY,
  "read-write": O_RDWR,
  create: O_WRONLY | O_CREAT | O_EXCL,
};

const openWithCallback = promisify(fs.open);
const writeWithCallback = promisify(fs.write);
const readFileWithCallback = promisify(fs.readFile);
const statfsWithCallback = promisify(fs.statfs);
const rmWithCallback = promisify(fs.rm);

export const fdatasync: (fd: number) => Promise<void> = promisify(fs.fdatasync);
export const fsync: (fd: number) => Promise<void> = promisify(fs.fsync);
export const ftruncate: (fd: number, sizeBytes: number) => Promise<void> = promisify(fs.ftruncate);
export const rename: (from: string, to: string) => Promise<void> = promisify(fs.rename);

/** Opens what lies at the path itself: no link is followed there, no pipe waited for. */
export function open(path: string, mode: OpenMode): Promise<number> {
  return openWithCallback(path, MODES[mode] | O_NOFOLLOW | O_NONBLOCK);
}

/**
 * Does `work` with the file at a path whose links were all resolved when it was made. Where a link
 * lies on the way by now it rejects as if the link lay at its end, so nothing outside is touched.
 */
export async function withFile<Result>(
  path: string,
  mode: Exclude<OpenMode, "create">,
  work: (fd: number) => Promise<Result>,
): Promise<Result> {
  const fd = await open(path, mode);
  try {
    await assertDirect(path);
    return await work(fd);
  } finally {
    await close(fd);
  }
}

/** Rejects with ELOOP where a link has come to lie on the way. */
export async function assertDirect(path: string): Promise<void> {
  if ((await realPath(path)).equals(Buffer.from(path))) return;
  throw Object.assign(new Error(`ELOOP: a link on the way to "${path}"`), { code: "ELOOP" });
}

/** A new file with these bytes, synced; its name is not yet. */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  const fd = await open(path, "create");
  try {
    await writeAt(fd, 0, bytes);
    await fdatasync(fd);
  } finally {
    await close(fd);
  }
}

/** All of the bytes, or rejects. */
export async function writeAt(fd: number, position: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const length = bytes.length - written;
    const { bytesWritten } = await writeWithCallback(
      fd,
      bytes,
      written,
      length,
      position + written,
    );
    written += bytesWritten;
  }
}

export function readWhole(path: string): Promise<Uint8Array> {
  return withFile(path, "read", (fd) => readFileWithCallback(fd));
}

const mkdirWithCallback = promisify(fs.mkdir);

/** False if something lies there already. */
export async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdirWithCallback(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** With all that lead to it; gives the first one that was not there. */
export async function makeDirectories(path: string): Promise<string | null> {
  return (await mkdirWithCallback(path, { recursive: true })) ?? null;
}

/** Makes the names in a directory last. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = await openWithCallback(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await fsync(fd);
  } catch (error) {
    // Some network file systems cannot, and keep names by themselves.
    if (errorCode(error) !== "EINVAL") throw error;
  } finally {
    await close(fd);
  }
}

/** A directory and all in it; links in it are removed, not followed. */
export function removeTree(path: string): Promise<void> {
  return rmWithCallback(path, { recursive: true, force: true });
}

/** What this process may still write. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfsWithCallback(path, { bigint: true });
  return Number(bavail * bsize);
}
