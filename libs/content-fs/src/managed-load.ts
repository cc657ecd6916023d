import { join } from "node:path";
import type { ManagedShape } from "@seedfleet/content";
import { contentUnreadable } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { fileFault } from "./faults.ts";
import { PieceRecord, type RecordOwner } from "./managed-record.ts";
import { shapeDigest } from "./managed-shape.ts";
import { assertDirect, readWhole } from "./managed-system-calls.ts";
import { makeTree, RECORD_FILE, replaceFile, SHAPE_FILE } from "./managed-tree.ts";

/** Whether something was created there. Rejects where it was replaced by a link since. */
export async function isThere(directory: string): Promise<boolean> {
  try {
    await assertDirect(directory);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** The list of files as it lies there, or null. */
export async function readList(directory: string): Promise<Uint8Array | null> {
  try {
    return await readWhole(join(directory, SHAPE_FILE));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Makes the torrent's directory, or sees to it that the one that is there has this list. */
export async function makeOrKeep(
  directory: string,
  shape: ManagedShape,
  list: Uint8Array,
): Promise<void> {
  if (await isThere(directory)) {
    const before = await readList(directory);
    if (before !== null && Buffer.compare(before, list) === 0) return;
    return replaceFile(directory, SHAPE_FILE, list);
  }
  const { files, pieceCount } = shape;
  const record = new PieceRecord({ pieceCount, digest: shapeDigest(list) });
  return makeTree(directory, { files, shape: list, record: record.toBytes() });
}

/** The record as far as it is sound. */
export async function readRecord(
  directory: string,
  owner: RecordOwner,
): Promise<{ readonly record: PieceRecord; readonly fault: string | null }> {
  const path = join(directory, RECORD_FILE);
  try {
    return PieceRecord.read(await readWhole(path), owner);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return { record: new PieceRecord(owner), fault: "it is missing" };
    if (code === "ELOOP") return { record: new PieceRecord(owner), fault: "a link lies there" };
    throw fileFault(path, error);
  }
}

/** Why a torrent that was created cannot be opened. */
export function openFault(directory: string, error: unknown): Error {
  if (errorCode(error) !== "ELOOP") return fileFault(directory, error);
  return contentUnreadable(directory, "a link lies where it was; move that away", error);
}
