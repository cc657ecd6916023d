import { dirname, join } from "node:path";
import type { ManagedFile } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { writeFault } from "./managed-faults.ts";
import { pathOf } from "./managed-shape.ts";
import {
  assertDirect,
  fdatasync,
  ftruncate,
  makeDirectory,
  open,
  syncDirectory,
  withFile,
  writeAt,
} from "./managed-system-calls.ts";
import type { Turns } from "./managed-turns.ts";
import { close, fstat } from "./system-calls.ts";

/** Bytes for one file. */
export type FileWrite = {
  readonly file: ManagedFile;
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
};

/** Bytes that are of use only together. */
export type FileWrites = readonly FileWrite[];

type Part = FileWrite & { readonly of: FileWrites };

type Target = { readonly directory: string; readonly file: ManagedFile };

/**
 * Writes and syncs all of this, each file opened once and synced once, whatever is written to it.
 * Gives what went wrong with whom; the others' bytes are there for good.
 *
 * No descriptor outlives its sync: the system tells an error of the disk but once to each, and only
 * to those that were open when it happened.
 */
export async function writeFiles(
  { directory, turns }: { readonly directory: string; readonly turns: Turns },
  pieces: readonly FileWrites[],
): Promise<ReadonlyMap<FileWrites, Error>> {
  const faults = new Map<FileWrites, Error>();
  const works = [...partsByFile(pieces)].map(([file, parts]) =>
    turns.take(() => writeFile({ directory, file }, parts, faults)),
  );
  await Promise.all(works);
  return faults;
}

/** A file is one object wherever it is named: its content's own list has it. */
function partsByFile(pieces: readonly FileWrites[]): ReadonlyMap<ManagedFile, readonly Part[]> {
  const all = pieces.flatMap((writes) => writes.map((write): Part => ({ ...write, of: writes })));
  return Map.groupBy(all, ({ file }) => file);
}

/** Never rejects. */
async function writeFile(
  target: Target,
  parts: readonly Part[],
  faults: Map<FileWrites, Error>,
): Promise<void> {
  const path = pathOf(target.directory, target.file);
  const blame = (part: Part, error: unknown): void => {
    if (!faults.has(part.of)) faults.set(part.of, writeFault(path, error));
  };
  const write = async (fd: number): Promise<void> => {
    await fitSize(fd, target.file.sizeBytes);
    for (const part of parts) {
      if (faults.has(part.of)) continue;
      // A disk too full for one piece may have room for a shorter one, or hold its blocks already.
      await writeAt(fd, part.offsetBytes, part.bytes).catch((error) => blame(part, error));
    }
    await fdatasync(fd);
  };
  try {
    await withFile(path, "write", write).catch(async (error) => {
      if (errorCode(error) !== "ENOENT") throw error;
      await makeFile(target);
      await withFile(path, "write", write);
    });
  } catch (error) {
    for (const part of parts) blame(part, error);
  }
}

/** Its size is not synced when it is made, and nobody else should have changed it. */
async function fitSize(fd: number, sizeBytes: number): Promise<void> {
  const stats = await fstat(fd);
  if (!stats.isFile()) throw Object.assign(new Error("EISDIR: no file"), { code: "EISDIR" });
  if (Number(stats.size) !== sizeBytes) await ftruncate(fd, sizeBytes);
}

/** Makes anew what somebody removed. */
async function makeFile({ directory, file }: Target): Promise<void> {
  const path = pathOf(directory, file);
  const directories = [directory];
  for (const name of file.path.slice(0, -1)) directories.push(join(directories.at(-1) ?? "", name));
  for (const each of directories) {
    const isNew = await makeDirectory(each);
    await assertDirect(each);
    if (isNew) await syncDirectory(dirname(each));
  }
  await close(await open(path, "create"));
  await syncDirectory(dirname(path));
}
