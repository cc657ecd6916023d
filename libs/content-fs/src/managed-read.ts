import assert from "node:assert/strict";
import { type ContentRange, contentChanged, type ManagedFile } from "@seedfleet/content";
import { fileFault } from "./faults.ts";
import { pathOf } from "./managed-shape.ts";
import { withFile } from "./managed-system-calls.ts";
import type { Turns } from "./managed-turns.ts";
import { readAt } from "./system-calls.ts";

/** One of Node's four threads is taken while a read lasts, so none shall last long. */
const READ_BYTES = 1024 * 1024;

export type ManagedFiles = {
  /** Which the files' paths begin in. */
  readonly directory: string;
  readonly files: readonly ManagedFile[];
  readonly turns: Turns;
};

/** Fills `into` with the ranges, one after the other. Once it has rejected nothing is written. */
export async function readRanges(
  { directory, files, turns }: ManagedFiles,
  ranges: readonly ContentRange[],
  into: Uint8Array,
): Promise<void> {
  let at = 0;
  const reads = ranges.map(({ file: index, offsetBytes, lengthBytes }) => {
    const file = files[index];
    assert(file !== undefined);
    assert(offsetBytes >= 0 && offsetBytes + lengthBytes <= file.sizeBytes);
    const part = into.subarray(at, at + lengthBytes);
    at += lengthBytes;
    const path = pathOf(directory, file);
    return () => readFully(path, offsetBytes, part);
  });
  assert.equal(at, into.length);
  const results = await Promise.allSettled(reads.map((read) => turns.take(read)));
  const failure = results.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

async function readFully(path: string, offsetBytes: number, into: Uint8Array): Promise<void> {
  try {
    await withFile(path, "read", async (fd) => {
      for (let filled = 0; filled < into.length; ) {
        const part = into.subarray(filled, filled + READ_BYTES);
        const readBytes = await readAt(fd, offsetBytes + filled, part);
        if (readBytes === 0) throw contentChanged(path);
        filled += readBytes;
      }
    });
  } catch (error) {
    throw fileFault(path, error);
  }
}
