import assert from "node:assert/strict";
import { contentChanged } from "@seedfleet/content";
import { fileFault } from "./faults.ts";
import { isListed } from "./is-listed.ts";
import { openListed } from "./open-files.ts";
import type { ListedRun } from "./run-bytes-sync.ts";
import { close, fstat, readAt } from "./system-calls.ts";

/**
 * Reads a run of a listed file in parts, several at once, while the thread does something else.
 *
 * The file is opened by the first read. The read that asks for the run's last bytes ends with a
 * look at the file, after every other, so when all have resolved the bytes are the listed file's;
 * else it rejects with `content-changed` or `content-unreadable`. Then the file is closed;
 * disposing closes it when not all was read.
 */
export class RunReads implements AsyncDisposable {
  readonly #run: ListedRun;
  #fd: Promise<number> | null = null;
  #leftBytes: number;
  /** All reads that were begun. */
  #settled: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(run: ListedRun) {
    this.#run = run;
    this.#leftBytes = run.lengthBytes;
  }

  /** Fills `into` from a place of the run; every byte of it is to be asked for once. */
  read(at: number, into: Uint8Array): Promise<void> {
    assert(at >= 0 && at + into.length <= this.#run.lengthBytes);
    this.#leftBytes -= into.length;
    const reading = this.#fill(at, into);
    this.#settled = Promise.allSettled([this.#settled, reading]);
    return this.#leftBytes === 0 ? this.#end(reading) : reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#settled;
    if (this.#fd === null || this.#closed) return;
    this.#closed = true;
    // One that could not be opened needs no closing.
    await this.#fd.then(close).catch(() => {});
  }

  async #fill(at: number, into: Uint8Array): Promise<void> {
    const { path, offsetBytes } = this.#run;
    this.#fd ??= openListed(this.#run);
    try {
      const fd = await this.#fd;
      for (let filled = 0; filled < into.length; ) {
        const readBytes = await readAt(fd, offsetBytes + at + filled, into.subarray(filled));
        if (readBytes === 0) throw contentChanged(path);
        filled += readBytes;
      }
    } catch (error) {
      throw fileFault(path, error);
    }
  }

  async #end(reading: Promise<void>): Promise<void> {
    const { path, listed } = this.#run;
    try {
      await this.#settled;
      const fd = await this.#fd;
      if (fd !== null && !isListed(await fstat(fd), listed)) throw contentChanged(path);
      await reading;
    } catch (error) {
      throw fileFault(path, error);
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }
}
