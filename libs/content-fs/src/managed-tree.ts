import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type { ManagedFile } from "@seedfleet/content";
import { errorCode, forEachBounded } from "@seedfleet/runtime";
import { pathOf } from "./managed-shape.ts";
import {
  assertDirect,
  ftruncate,
  makeDirectory,
  open,
  removeTree,
  rename,
  syncDirectory,
  writeNewFile,
} from "./managed-system-calls.ts";
import { close } from "./system-calls.ts";

/** What a torrent's directory holds: its files below one name, a list of them, its record. */
export const CONTENT_DIRECTORY: string = "content";
export const SHAPE_FILE: string = "files.json";
export const RECORD_FILE: string = "pieces";

/** Node makes four files at a time; the rest keeps its queue full. */
const CALLS_AT_ONCE = 32;

export type TreeParts = {
  readonly files: readonly ManagedFile[];
  readonly shape: Uint8Array;
  readonly record: Uint8Array;
};

/** Made under another name first, a torrent's directory is there whole or not at all. */
export async function makeTree(directory: string, parts: TreeParts): Promise<void> {
  const unfinished = `${directory}.creating-${randomUUID()}`;
  try {
    await makeDirectory(unfinished);
    await fillTree(unfinished, parts);
    await rename(unfinished, directory);
  } catch (error) {
    // What cannot be removed now is removed when the store is next begun.
    await removeTree(unfinished).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(directory));
}

/** Whether the name is of what was left when a process died: half made, or half removed. */
export function isLeftOver(name: string): boolean {
  return /^[0-9a-f]{40}\.(?:creating|removing)-/.test(name);
}

/** It is gone at once and for good, though its bytes take a while. */
export async function dropTree(directory: string): Promise<void> {
  const doomed = `${directory}.removing-${randomUUID()}`;
  try {
    await rename(directory, doomed);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  await syncDirectory(dirname(directory));
  await removeTree(doomed);
}

/** The file has either its old bytes or the new ones, whatever happens. */
export async function replaceFile(
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  await assertDirect(directory);
  const unfinished = join(directory, `${name}.new`);
  await removeTree(unfinished);
  await writeNewFile(unfinished, bytes);
  await rename(unfinished, join(directory, name));
  await syncDirectory(directory);
}

async function fillTree(directory: string, { files, shape, record }: TreeParts): Promise<void> {
  const content = join(directory, CONTENT_DIRECTORY);
  const levels = directoriesByDepth(content, files);
  for (const level of levels) {
    await forEachBounded(level, CALLS_AT_ONCE, async (path) => {
      await makeDirectory(path);
    });
  }
  await forEachBounded(files, CALLS_AT_ONCE, (file) => makeEmptyFile(content, file));
  await writeNewFile(join(directory, SHAPE_FILE), shape);
  await writeNewFile(join(directory, RECORD_FILE), record);
  // The files' sizes are synced with their first bytes.
  for (const path of levels.flat()) await syncDirectory(path);
  await syncDirectory(directory);
}

/** Fails where two files share a path, be it only in the eyes of the file system. */
async function makeEmptyFile(content: string, file: ManagedFile): Promise<void> {
  const fd = await open(pathOf(content, file), "create");
  try {
    await ftruncate(fd, file.sizeBytes);
  } finally {
    await close(fd);
  }
}

/** The content's own first, then those in it, and so on. */
function directoriesByDepth(content: string, files: readonly ManagedFile[]): string[][] {
  const levels: Set<string>[] = [new Set([content])];
  for (const { path } of files) {
    let directory = content;
    for (const [depth, name] of path.slice(0, -1).entries()) {
      directory = join(directory, name);
      const level = levels[depth + 1] ?? new Set();
      levels[depth + 1] = level.add(directory);
    }
  }
  return levels.map((level) => [...level]);
}
