import { contentChanged } from "@seedfleet/content";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import { type FileState, isListed } from "./is-listed.ts";
import { close, fstat, openToRead } from "./system-calls.ts";

/** A quarter of the 1,024 that a process commonly may have open; sockets need the rest. */
export const OPEN_FILES_MAX = 256;

/** An open file keeps its disk from being unmounted and, if deleted, its space from being freed. */
export const OPEN_FILE_IDLE_MS_MAX = 10_000;

/** A file that is open, for whoever reads without waiting. */
export type OpenNow = {
  readonly fd: number;
  /** When at its path there was what is listed, as far as somebody looked … */
  seenAtMs: number;
  /** … and as what it was listed there: listings of different times share an open file. */
  seenAs: FileState | null;
};

type OpenFile = {
  readonly key: string;
  readonly fd: Promise<number>;
  /** The same once it is there. */
  now: OpenNow | null;
  users: number;
  usedAtMs: number;
  /** Closed, or by its last user, and taken by nobody else. */
  doomed: boolean;
};

export type ListedFile = { readonly path: string; readonly listed: FileState };

/**
 * The open files of a source: no more than `OPEN_FILES_MAX`, the least recently used closed first.
 * A file is open under its path and its identity, so that a new file at an old path is never read
 * through the old one's descriptor.
 */
export class OpenFiles implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #openMax: number;
  /** In the order they were last used. */
  readonly #files = new Map<string, OpenFile>();
  /** The same and some that are closed, by what they were opened for. */
  readonly #opened = new WeakMap<FileState, OpenFile>();
  readonly #waiting: (() => void)[] = [];
  #cancelSweep: CancelTimer | null = null;
  #disposed = false;
  /** Descriptors on their way out count as open until they are gone. */
  #closing = 0;

  constructor(clock: Clock, openMax: number = OPEN_FILES_MAX) {
    this.#clock = clock;
    this.#openMax = openMax;
  }

  get count(): number {
    return this.#files.size;
  }

  /** Opens the file or takes it as it is open; it stays open at least until `work` has settled. */
  async use<Result>(file: ListedFile, work: (fd: number) => Promise<Result>): Promise<Result> {
    const key = keyOf(file);
    const open = await this.#take(key, file);
    try {
      return await work(await open.fd);
    } catch (error) {
      // Whatever went wrong, the next one shall begin with a new descriptor.
      this.#doom(key, open);
      throw error;
    } finally {
      await this.#release(open);
    }
  }

  /**
   * A file that was opened for this very object, if it is open still: good until this turn of the
   * loop ends. Looked for several times a millisecond, so it takes no path.
   */
  atOnce(listed: FileState, nowMs: number): OpenNow | null {
    const open = this.#opened.get(listed);
    if (open === undefined || open.doomed || open.now === null) return null;
    if (open.usedAtMs !== nowMs) {
      open.usedAtMs = nowMs;
      this.#files.delete(open.key);
      this.#files.set(open.key, open);
    }
    return open.now;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#closeIdle(() => true);
  }

  async #take(key: string, file: ListedFile): Promise<OpenFile> {
    while (!this.#files.has(key) && this.#files.size + this.#closing >= this.#openMax) {
      const room = new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#closeLeastRecentlyUsed();
      await room;
    }
    const open = this.#files.get(key) ?? opening(key, file);
    this.#files.delete(key);
    this.#files.set(key, open);
    this.#opened.set(file.listed, open);
    open.users += 1;
    this.#cancelSweep ??= this.#clock.every(OPEN_FILE_IDLE_MS_MAX, () => this.#sweep());
    return open;
  }

  async #release(open: OpenFile): Promise<void> {
    open.users -= 1;
    open.usedAtMs = this.#clock.nowMs();
    this.#waiting.shift()?.();
    if (this.#disposed) await this.#closeIdle(() => true);
    if (open.doomed && open.users === 0) await closeQuietly(open);
  }

  #doom(key: string, open: OpenFile): void {
    open.doomed = true;
    if (this.#files.get(key) === open) this.#files.delete(key);
  }

  /** Where all are in use, the next that is released makes room. */
  #closeLeastRecentlyUsed(): void {
    for (const [key, open] of this.#files) {
      if (open.users > 0) continue;
      this.#doom(key, open);
      this.#closing += 1;
      void closeQuietly(open).then(() => {
        this.#closing -= 1;
        this.#waiting.shift()?.();
      });
      return;
    }
  }

  #sweep(): void {
    const idleSinceMs = this.#clock.nowMs() - OPEN_FILE_IDLE_MS_MAX;
    void this.#closeIdle(({ usedAtMs }) => usedAtMs <= idleSinceMs);
  }

  async #closeIdle(due: (open: OpenFile) => boolean): Promise<void> {
    const idle = [...this.#files].filter(([, open]) => open.users === 0 && due(open));
    for (const [key, open] of idle) this.#doom(key, open);
    if (this.#files.size === 0) {
      this.#cancelSweep?.();
      this.#cancelSweep = null;
    }
    await Promise.all(idle.map(([, open]) => closeQuietly(open)));
  }
}

function keyOf({ path, listed }: ListedFile): string {
  return `${path}\0${listed.identity}`;
}

function opening(key: string, file: ListedFile): OpenFile {
  const open: OpenFile = {
    ...{ key, fd: openListed(file), now: null },
    ...{ users: 0, usedAtMs: 0, doomed: false },
  };
  // Who uses it is told of a failure.
  open.fd.then(
    (fd) => {
      open.now = { fd, seenAtMs: Number.NEGATIVE_INFINITY, seenAs: null };
    },
    () => {},
  );
  return open;
}

/** Between the listing and now, another file may have come to lie at the path. */
export async function openListed({ path, listed }: ListedFile): Promise<number> {
  const fd = await openToRead(path);
  try {
    if (!isListed(await fstat(fd), listed)) throw contentChanged(path);
    return fd;
  } catch (error) {
    await close(fd);
    throw error;
  }
}

/** One that could not be opened needs no closing; a failed close of what was only read is moot. */
async function closeQuietly(open: OpenFile): Promise<void> {
  await open.fd.then(close).catch(() => {});
}
