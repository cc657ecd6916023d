import assert from "node:assert/strict";
import { contentChanged, contentUnwritable } from "@seedfleet/content";
import { fileFault } from "./faults.ts";
import { isListed } from "./is-listed.ts";
import { writeFault } from "./managed-faults.ts";
import { fdatasync, fsync, withFile, writeAt } from "./managed-system-calls.ts";
import type { ListedFile } from "./open-files.ts";
import { setModified } from "./repair-time.ts";
import { fstat } from "./system-calls.ts";

export type RepairSpan = { readonly offsetBytes: number; readonly bytes: Uint8Array };

/**
 * Writes right bytes over wrong ones in somebody else's file, in place, synced. After it the file
 * is still what was listed: its time is put back, to the nanosecond.
 *
 * While it lasts the file is not what was listed, so nobody else may read or repair it by that
 * listing; and what dies meanwhile leaves it so. Rejects with `content-changed` where it is another
 * file or somebody else writes to it, with `content-unwritable` where it may not be written or its
 * time could not be put back; that is tried before anything is written.
 */
export async function repairFile(file: ListedFile, spans: readonly RepairSpan[]): Promise<void> {
  const { path, listed } = file;
  for (const { offsetBytes, bytes } of spans) {
    assert(offsetBytes >= 0 && offsetBytes + bytes.length <= listed.sizeBytes);
  }
  try {
    await withFile(path, "write", (fd) => repair(fd, file, spans));
  } catch (error) {
    // A link or nothing where the file was is no matter of writing.
    const fault = fileFault(path, error);
    throw fault.detail.code === "content-changed" ? fault : writeFault(path, error);
  }
}

async function repair(
  fd: number,
  { path, listed }: ListedFile,
  spans: readonly RepairSpan[],
): Promise<void> {
  if (!isListed(await fstat(fd), listed)) throw contentChanged(path);
  if (!(await setModified(fd, listed.modified))) {
    throw contentUnwritable(path, "its time could not be put back; run as its owner, with touch");
  }
  await writeSpans(fd, spans).catch(async (error) => {
    // The rest of the file is as good as it was.
    await setModified(fd, listed.modified);
    throw error;
  });
  const { mtimeNs } = await fstat(fd);
  await fdatasync(fd);
  // Another's write must not be hidden: then the time stays what it is.
  if ((await fstat(fd)).mtimeNs !== mtimeNs) throw contentChanged(path);
  await setModified(fd, listed.modified);
  await fsync(fd);
  if (!isListed(await fstat(fd), listed)) throw contentChanged(path);
}

async function writeSpans(fd: number, spans: readonly RepairSpan[]): Promise<void> {
  for (const { offsetBytes, bytes } of spans) await writeAt(fd, offsetBytes, bytes);
}
