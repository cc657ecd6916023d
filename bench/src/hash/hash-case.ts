import { execFile } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CaseName, HashOptions } from "./hash-options.ts";

const MIB = 1024 * 1024;

const DIRECTORY_FILES = 64;
const SMALL_FILE_BYTES = 10 * 1024;
const FILES_PER_DIRECTORY = 1_000;

/** Content of chance that lies in a directory of its own, which goes when it is disposed of. */
export interface HashCase extends AsyncDisposable {
  readonly name: CaseName;
  /** The file or the directory to make a torrent of. */
  readonly path: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** A place for the .torrent files of others. */
  readonly outputPath: string;
}

export async function makeCase(name: CaseName, options: HashOptions): Promise<HashCase> {
  const root = await mkdtemp(join(tmpdir(), "seedfleet-bench-"));
  const path = join(root, "content");
  const { fileCount, fileBytes } = shapeOf(name, options);
  if (name === "file") await writeRandom(path, fileBytes);
  if (name === "directory") await writeDirectory(path, fileBytes);
  if (name === "small-files") await writeSmallFiles(path, fileCount);
  // What is still to be written to the disk would be while somebody is measured.
  await promisify(execFile)("sync", ["-f", root]);
  return {
    name,
    path,
    fileCount,
    sizeBytes: fileCount * fileBytes,
    outputPath: join(root, "other.torrent"),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

function shapeOf(
  name: CaseName,
  { sizeMib, smallFiles }: HashOptions,
): { readonly fileCount: number; readonly fileBytes: number } {
  if (name === "small-files") return { fileCount: smallFiles, fileBytes: SMALL_FILE_BYTES };
  const fileCount = name === "file" ? 1 : DIRECTORY_FILES;
  return { fileCount, fileBytes: Math.floor(sizeMib / fileCount) * MIB };
}

async function writeDirectory(path: string, fileBytes: number): Promise<void> {
  await mkdir(path);
  for (let file = 0; file < DIRECTORY_FILES; file += 1) {
    await writeRandom(join(path, String(file).padStart(2, "0")), fileBytes);
  }
}

async function writeRandom(path: string, sizeBytes: number): Promise<void> {
  const chunk = Buffer.allocUnsafe(MIB);
  await using file = await open(path, "w");
  for (let written = 0; written < sizeBytes; written += MIB) {
    await file.write(randomFillSync(chunk));
  }
}

async function writeSmallFiles(path: string, fileCount: number): Promise<void> {
  const bytes = Buffer.allocUnsafe(SMALL_FILE_BYTES);
  for (let file = 0; file < fileCount; file += 1) {
    const directory = join(path, String(Math.floor(file / FILES_PER_DIRECTORY)).padStart(3, "0"));
    if (file % FILES_PER_DIRECTORY === 0) await mkdir(directory, { recursive: true });
    await writeFile(join(directory, String(file).padStart(6, "0")), randomFillSync(bytes));
  }
}
