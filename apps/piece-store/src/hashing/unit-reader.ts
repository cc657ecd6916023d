import { type ListedRun, RunReads, runBytesSync } from "@seedfleet/content-fs";
import { ReadPace } from "./read-pace.ts";

/** Far more work than asking for it, and still in the cache of one core when it is hashed. */
const READ_BYTES: number = 256 * 1024;

/**
 * Where in its memory a buffer begins. The C library puts large memory 16 bytes behind the start of
 * a page; to the start of a cache line the system copies what is read in three quarters of that.
 */
const BUFFER_OFFSET_BYTES = 48;

/** Reads under way when reading ahead: Node does four at a time, the rest keeps its queue full. */
const READS_AHEAD = 8;

export type TakeBytes = (bytes: Uint8Array) => void;

/** Reads the files of a unit in order, in a thread that hashes what it gets. */
export class UnitReader {
  /** All that is read goes through here. */
  readonly #buffer: Uint8Array;
  readonly #pace: ReadPace;

  constructor(bufferBytes: number, pace: ReadPace = new ReadPace()) {
    const memory = new ArrayBuffer(BUFFER_OFFSET_BYTES + bufferBytes);
    this.#buffer = new Uint8Array(memory, BUFFER_OFFSET_BYTES, bufferBytes);
    this.#pace = pace;
  }

  /**
   * Gives the bytes of the runs to `take`, which must be done with them when it returns. Stops
   * early when `isCancelled`; otherwise, once it resolves, all bytes were the listed files'.
   */
  async read(
    runs: readonly ListedRun[],
    take: TakeBytes,
    isCancelled: () => boolean,
  ): Promise<void> {
    if (this.#pace.isAhead) await this.#readAhead(runs, take, isCancelled);
    else this.#read(runs, take, isCancelled);
    this.#pace.endUnit();
  }

  #read(runs: readonly ListedRun[], take: TakeBytes, isCancelled: () => boolean): void {
    const into = this.#buffer.subarray(0, READ_BYTES);
    let askedMs = performance.now();
    for (const run of runs) {
      for (const bytes of runBytesSync(run, into)) {
        const readMs = performance.now();
        take(bytes);
        if (isCancelled()) return;
        const hashedMs = performance.now();
        this.#pace.read(readMs - askedMs, hashedMs - readMs);
        askedMs = hashedMs;
      }
    }
  }

  async #readAhead(
    runs: readonly ListedRun[],
    take: TakeBytes,
    isCancelled: () => boolean,
  ): Promise<void> {
    await using ahead = new ReadAhead(runs, this.#buffer);
    for (let bytes = await ahead.next(); bytes !== null; bytes = await ahead.next()) {
      take(bytes);
      if (isCancelled()) return;
    }
  }
}

/** The bytes of runs in order, read ahead of whoever takes them, each valid until the next. */
class ReadAhead implements AsyncDisposable {
  readonly #parts: Iterator<Promise<Uint8Array>, void>;
  readonly #underWay: Promise<Uint8Array>[] = [];
  readonly #runs: RunReads[] = [];

  constructor(runs: readonly ListedRun[], buffer: Uint8Array) {
    this.#parts = this.#begin(runs, buffer);
  }

  async next(): Promise<Uint8Array | null> {
    // The part that was given last is free now, so as many as there are places may be under way.
    while (this.#underWay.length < READS_AHEAD) {
      const { value } = this.#parts.next();
      if (value === undefined) break;
      // Whoever awaits it hears of a failure; until then it must not count as unhandled.
      value.catch(() => {});
      this.#underWay.push(value);
    }
    return (await this.#underWay.shift()) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#underWay);
    for (const run of this.#runs) await run[Symbol.asyncDispose]();
  }

  *#begin(runs: readonly ListedRun[], buffer: Uint8Array): Generator<Promise<Uint8Array>, void> {
    const placeBytes = buffer.length / READS_AHEAD;
    let place = 0;
    for (const run of runs) {
      const reads = new RunReads(run);
      this.#runs.push(reads);
      for (let at = 0; at < run.lengthBytes; at += placeBytes) {
        const begin = place * placeBytes;
        const length = Math.min(placeBytes, run.lengthBytes - at);
        const into = buffer.subarray(begin, begin + length);
        place = (place + 1) % READS_AHEAD;
        yield reads.read(at, into).then(() => into);
      }
    }
  }
}
