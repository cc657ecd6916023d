import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type ContentError, contentChanged } from "@seedfleet/content";
import type { SeedfleetError } from "@seedfleet/runtime";
import { fileFault } from "./faults.ts";
import { type FileState, isListed } from "./is-listed.ts";
import { OPEN_FLAGS } from "./system-calls.ts";

/** Consecutive bytes of a listed file, in a form that goes from thread to thread. */
export type ListedRun = {
  /** Absolute, as `Content.localPath` gives it. */
  readonly path: string;
  readonly listed: FileState;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
};

/**
 * The bytes of a run, for a thread that has nothing else to do: of a hundred thousand small files
 * three quarters of the time goes into asking for them, and to wait costs a fraction of being told.
 *
 * Each part is in `into` and valid until the next is asked for. After the last one the file is
 * looked at again, so whoever gets to the end has read what was listed; else it throws
 * `content-changed` or `content-unreadable`.
 */
export function* runBytesSync(run: ListedRun, into: Uint8Array): Generator<Uint8Array, void, void> {
  const { path, listed, offsetBytes, lengthBytes } = run;
  let fd: number | null = null;
  try {
    fd = openSync(path, OPEN_FLAGS);
    for (let at = 0; at < lengthBytes; ) {
      const left = lengthBytes - at;
      const part = left < into.length ? into.subarray(0, left) : into;
      readFully(fd, offsetBytes + at, { path, into: part });
      at += part.length;
      yield part;
    }
    if (!isListed(fstatSync(fd, { bigint: true }), listed)) throw contentChanged(path);
  } catch (error) {
    throw runFault(run, fd, error);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function readFully(
  fd: number,
  offsetBytes: number,
  { path, into }: { readonly path: string; readonly into: Uint8Array },
): void {
  for (let filled = 0; filled < into.length; ) {
    const readBytes = readSync(fd, into, filled, into.length - filled, offsetBytes + filled);
    if (readBytes === 0) throw contentChanged(path);
    filled += readBytes;
  }
}

/** Where a pipe or a directory lies at the path now, that says more than why it cannot be read. */
function runFault(
  { path, listed }: ListedRun,
  fd: number | null,
  error: unknown,
): ContentError | SeedfleetError {
  const changed = fd !== null && !isListed(fstatSync(fd, { bigint: true }), listed);
  return changed ? contentChanged(path, error) : fileFault(path, error);
}
