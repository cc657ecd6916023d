import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "@seedfleet/runtime";

const MIB = 1024 * 1024;
const FILE_MIB = 32;

/** Memory that lies free is given to the host after some two seconds. */
const LOOK_MS = 20;

/** So much more than was written is free at any time. */
const AHEAD_BYTES: number = 128 * MIB;

/** `stat` counts in these, whatever the file system does. */
const BLOCK_BYTES = 512;

/**
 * Memory for what a program is going to write, which the machine has: a virtual machine may give
 * its free memory back to its host, and who writes to it next waits for the host at every page. For
 * a GiB that is a second and more of CPU time, which of those that are measured in turn only they
 * pay that come late after what another freed, or take long.
 *
 * It is held by files, which go a little ahead of what is written.
 */
export class OwnMemory implements AsyncDisposable {
  readonly #files: string[];
  readonly #written: string;
  readonly #stopping = new AbortController();
  #releasing: Promise<void> = Promise.resolve();
  #releasedBytes = 0;

  private constructor(files: string[], written: string) {
    this.#files = files;
    this.#written = written;
  }

  /** `written` is the directory in which the program writes. */
  static async hold(
    directory: string,
    { sizeMib, written }: { readonly sizeMib: number; readonly written: string },
  ): Promise<OwnMemory> {
    const count = Math.ceil(sizeMib / FILE_MIB);
    const files = Array.from({ length: count }, (_, index) => join(directory, `held-${index}`));
    const chunk = Buffer.alloc(MIB);
    for (const path of files) {
      await using file = await open(path, "w");
      for (let done = 0; done < FILE_MIB; done += 1) await file.write(chunk);
    }
    return new OwnMemory(files, written);
  }

  /** From now on it goes to the program. */
  async begin(): Promise<void> {
    await this.#release();
    this.#releasing = this.#go();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#releasing;
    for (const path of this.#files.splice(0)) await rm(path, { force: true });
  }

  async #go(): Promise<void> {
    while (!this.#stopping.signal.aborted && this.#files.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    const wantedBytes = (await writtenBytes(this.#written)) + AHEAD_BYTES;
    while (this.#releasedBytes < wantedBytes && this.#files.length > 0) {
      const path = this.#files.shift();
      if (path !== undefined) await rm(path);
      this.#releasedBytes += FILE_MIB * MIB;
    }
  }
}

/** What the files below a directory take, on disk or in memory yet. */
async function writtenBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    try {
      const { blocks } = await stat(join(entry.parentPath, entry.name));
      bytes += blocks * BLOCK_BYTES;
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  return bytes;
}
