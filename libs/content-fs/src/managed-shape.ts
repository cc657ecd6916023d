import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ManagedFile, ManagedShape } from "@seedfleet/content";

const VERSION = 1;

/** The list of files as it lies on disk: people may want to read it too. */
export function encodeShape({ files, pieceCount }: ManagedShape): Uint8Array {
  const list = files.map(({ path, sizeBytes }) => ({ path, sizeBytes }));
  return Buffer.from(`${JSON.stringify({ version: VERSION, pieceCount, files: list })}\n`);
}

/** Null where it is not what `encodeShape` made. */
export function decodeShape(bytes: Uint8Array): ManagedShape | null {
  const shape = parsed(bytes);
  return isShape(shape) && shape.files.every(({ path }) => staysWithin(path)) ? shape : null;
}

/** What tells the list of files from any other. */
export function shapeDigest(encoded: Uint8Array): Uint8Array {
  return createHash("sha256").update(encoded).digest();
}

/**
 * Whether the path leads to something below the directory it begins in. Whoever parsed the torrent
 * has seen to that; but here it is written to, so nobody's word is taken for it.
 */
export function staysWithin(path: readonly string[]): boolean {
  return path.length > 0 && path.every((element) => isName(element));
}

/** Where a file lies. */
export function pathOf(directory: string, { path }: ManagedFile): string {
  return join(directory, ...path);
}

function isName(element: string): boolean {
  return element !== "" && element !== "." && element !== ".." && !/[/\0]/.test(element);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}

function isShape(value: unknown): value is ManagedShape {
  if (!isObject(value) || value["version"] !== VERSION) return false;
  const { files, pieceCount } = value;
  return isCount(pieceCount) && Array.isArray(files) && files.every(isFile);
}

function isFile(value: unknown): value is ManagedFile {
  if (!isObject(value) || !isCount(value["sizeBytes"])) return false;
  const { path } = value;
  return Array.isArray(path) && path.every((element) => typeof element === "string");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
