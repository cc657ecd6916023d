import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { contentChanged } from "@seedfleet/content";
import { forEachBounded } from "@seedfleet/runtime";
import { fileFault } from "./faults.ts";
import { type FileState, identityOf } from "./is-listed.ts";
import type { StatColumns, StatPaths } from "./stat-worker.ts";
import { assertReadable, lstat } from "./system-calls.ts";

/**
 * Node runs four such calls at a time; the rest keeps its queue full while results are handled.
 * More would only take memory.
 */
export const LISTING_CALLS_AT_ONCE_MAX = 32;

/** Of fewer files a thread would hardly have started by the time they are done without. */
const THREAD_FILES_MIN = 4_000;

/** A few milliseconds' work for the thread. */
const BATCH_FILES = 1_000;

/** What a file costs the thread at most when the system has it in memory. */
const FILE_MS_MAX = 0.1;

/**
 * The state of every file, each known to be regular and readable. Rejects with the fault of one
 * that is not.
 *
 * To be told of a call's end costs several times the call, so where there are many files a thread
 * asks and waits. Where that waits for a disk, four calls at a time get there first.
 */
export async function fileStates(
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly FileState[]> {
  const batches = Array.from({ length: Math.ceil(paths.length / BATCH_FILES) }, (_, batch) =>
    paths.slice(batch * BATCH_FILES, (batch + 1) * BATCH_FILES),
  );
  if (paths.length < THREAD_FILES_MIN) return await statesAtOnce(paths, signal);
  const states: FileState[] = [];
  await using thread = new StatThread();
  let next = thread.ask(batches[0] ?? []);
  for (const [at, batch] of batches.entries()) {
    signal?.throwIfAborted();
    const columns = await next;
    const isSlow = columns === null || columns.elapsedMs > FILE_MS_MAX * batch.length;
    const following = batches.slice(at + 1);
    // It goes on while we take what it told.
    if (!isSlow && following[0] !== undefined) next = thread.ask(following[0]);
    const batchStates = columns === null ? null : statesOf(columns);
    for (const state of batchStates ?? (await statesAtOnce(batch, signal))) states.push(state);
    if (!isSlow) continue;
    for (const state of await statesAtOnce(following.flat(), signal)) states.push(state);
    break;
  }
  return states;
}

/** Many calls at a time, in Node's own threads. */
async function statesAtOnce(
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly FileState[]> {
  const states: FileState[] = new Array(paths.length);
  await forEachBounded(paths, LISTING_CALLS_AT_ONCE_MAX, async (path, index) => {
    signal?.throwIfAborted();
    states[index] = await fileState(path);
  });
  return states;
}

export async function fileState(path: string): Promise<FileState> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile()) throw contentChanged(path);
    await assertReadable(path);
    return identityOf(stats);
  } catch (error) {
    throw fileFault(path, error);
  }
}

function statesOf({ sizeBytes, modified, identity }: NonNullable<StatColumns>): FileState[] {
  return Array.from(sizeBytes, (size, index) => {
    return { sizeBytes: size, modified: modified[index] ?? "", identity: identity[index] ?? "" };
  });
}

/** A thread that asks the system about files, one batch after the other. */
class StatThread implements AsyncDisposable {
  /** Without this process's own flags: what is for a `node -e` would not do for a file. */
  readonly #worker = new Worker(new URL("stat-worker.ts", import.meta.url), { execArgv: [] });
  /** Null once it is dead: what it was to tell has to be found out otherwise. */
  readonly #died: Promise<null>;

  constructor() {
    this.#died = once(this.#worker, "exit").then(
      () => null,
      () => null,
    );
  }

  ask(paths: StatPaths): Promise<StatColumns> {
    const told = once(this.#worker, "message").then(
      ([columns]: StatColumns[]) => columns ?? null,
      () => null,
    );
    this.#worker.postMessage(paths);
    return Promise.race([told, this.#died]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
