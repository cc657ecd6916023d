import { accessSync, constants, lstatSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { identityOf } from "./is-listed.ts";

/** What a stat thread is asked for: absolute paths. */
export type StatPaths = readonly string[];

/**
 * The states of as many files in columns, which go from thread to thread several times as fast as
 * objects do, and how long they took. Null if one of them is no regular file or cannot be read.
 */
export type StatColumns = {
  readonly sizeBytes: Float64Array<ArrayBuffer>;
  readonly modified: readonly string[];
  readonly identity: readonly string[];
  readonly elapsedMs: number;
} | null;

/**
 * A stat thread (`StatThread` is its other end): has nothing else to do, so it may wait for each
 * call. It imports next to nothing, as that is what a thread spends its first moments on.
 */
parentPort?.on("message", (paths: StatPaths) => parentPort?.postMessage(columnsOf(paths)));

function columnsOf(paths: StatPaths): StatColumns {
  const beganMs = performance.now();
  const sizes = new Float64Array(paths.length);
  const modified: string[] = [];
  const identity: string[] = [];
  try {
    for (const [index, path] of paths.entries()) {
      const stats = lstatSync(path, { bigint: true });
      if (!stats.isFile()) return null;
      accessSync(path, constants.R_OK);
      const state = identityOf(stats);
      sizes[index] = state.sizeBytes;
      modified.push(state.modified);
      identity.push(state.identity);
    }
  } catch {
    // Whoever asked finds out why, and has words for it.
    return null;
  }
  return { sizeBytes: sizes, modified, identity, elapsedMs: performance.now() - beganMs };
}
