import { availableParallelism } from "node:os";
import { type CancelTimer, type Clock, errorCode, systemClock } from "@seedfleet/runtime";
import { hashStopped } from "./errors.ts";
import { type FeedBuffers, feedBuffers, feedUnit } from "./feed-unit.ts";
import { HashJob } from "./hash-job.ts";
import type { HashPlan, PieceDigests } from "./hash-plan.ts";
import { HashThread, type StartWorker, startHashWorker } from "./hash-thread.ts";
import type { HashUnit } from "./hash-units.ts";
import type { UnitDigests } from "./unit-hasher.ts";

/** One is hashed, and the next is there already when it is done. */
export const UNITS_AT_HAND_MAX = 2;

/** Units of buckets and origins under way, each with two buffers: enough reads to fill a line. */
export const FEEDS_AT_ONCE_MAX = 8;

/** For the threads' reads, all together. With feeds, hashing holds twice as much. */
export const READ_BUFFERS_BYTES_MAX: number = 32 * 1024 * 1024;

/** What one thread has of it: more gains nothing, less makes reads too short. */
const READ_BUFFER_BYTES: { readonly most: number; readonly least: number } = {
  most: 2 * 1024 * 1024,
  least: 256 * 1024,
};

/** A thread holds a few MiB, and is started again in a tenth of a second. */
export const THREADS_IDLE_MS_MAX = 30_000;

export type HashPoolConfig = {
  /** As many as there are processors unless it is given. */
  readonly threads?: number | null;
};

export type HashPoolPorts = {
  readonly clock: Clock;
  readonly startWorker: StartWorker;
};

/**
 * Hashes torrents in worker threads, in one pass over their bytes: SHA-1 of pieces, and SHA-256
 * trees (BEP 52) down to the pieces.
 *
 * A torrent is cut into units of whole pieces; jobs take turns at handing one out, so each has its
 * share of the threads. What lies in a file system is read by the thread that hashes it; the rest
 * is read here and passed on in shared memory. A thread starts when there is something to do, and a
 * unit whose thread dies is done once more.
 */
export class HashPool implements AsyncDisposable {
  readonly #ports: HashPoolPorts;
  readonly #threadsMax: number;
  #threads: HashThread[] = [];
  /** Whose turn it is comes first. */
  readonly #jobs: HashJob[] = [];
  readonly #freeBuffers: FeedBuffers[] = [];
  #feedCount = 0;
  #cancelIdle: CancelTimer | null = null;
  #isDisposed = false;

  constructor({ threads }: HashPoolConfig = {}, ports: Partial<HashPoolPorts> = {}) {
    this.#threadsMax = threads ?? availableParallelism();
    this.#ports = { clock: systemClock, startWorker: startHashWorker, ...ports };
  }

  /**
   * Rejects with the content port's errors, with the signal's reason when it aborts, and with
   * `hash-thread-died`. After it has settled the plan's callbacks are not called any more.
   */
  async hash(plan: HashPlan): Promise<PieceDigests> {
    plan.signal.throwIfAborted();
    if (this.#isDisposed) throw hashStopped(plan.content.listing.path);
    const job = new HashJob(plan);
    this.#jobs.push(job);
    this.#cancelIdle?.();
    this.#handOut();
    try {
      return await job.digests;
    } finally {
      this.#jobs.splice(this.#jobs.indexOf(job), 1);
      if (this.#jobs.length === 0) this.#rest();
    }
  }

  /** Rejects what is being hashed with `hash-stopped`, and ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#cancelIdle?.();
    for (const job of this.#jobs) job.fail(hashStopped(job.plan.content.listing.path));
    await this.#endThreads();
  }

  #handOut(): void {
    while (this.#handOutOne());
  }

  #handOutOne(): boolean {
    const isReady = (job: HashJob): boolean =>
      job.hasUnits && (job.isLocal ? this.#hasRoom() : this.#feedCount < FEEDS_AT_ONCE_MAX);
    const at = this.#jobs.findIndex(isReady);
    const [job] = at === -1 ? [] : this.#jobs.splice(at, 1);
    if (job === undefined) return false;
    this.#jobs.push(job);
    void this.#run(job, job.take());
    return true;
  }

  async #run(job: HashJob, unit: HashUnit): Promise<void> {
    try {
      const digests = await (job.isLocal ? this.#read(job, unit) : this.#feed(job, unit));
      if (digests !== null) job.done(unit, digests);
    } catch (error) {
      const mayGoOn = errorCode(error) === "hash-thread-died" && !this.#isDisposed;
      if (!mayGoOn || !job.again(unit)) job.fail(error);
    }
    this.#handOut();
  }

  #read(job: HashJob, unit: HashUnit): Promise<UnitDigests | null> {
    return this.#thread("readCount").hash({
      shape: job.shapeOf(unit),
      files: job.filesOf(unit),
      cancelled: job.cancelled,
      hashed: (hashedBytes) => job.hashed(unit, hashedBytes),
    });
  }

  async #feed(job: HashJob, unit: HashUnit): Promise<UnitDigests | null> {
    const buffers = this.#freeBuffers.pop() ?? feedBuffers();
    this.#feedCount += 1;
    try {
      using feed = this.#thread("fedCount").feed(job.shapeOf(unit));
      return await feedUnit(feed, {
        content: job.plan.content,
        runs: unit.runs,
        buffers,
        isCancelled: () => job.isSettled,
        hashed: (hashedBytes) => job.hashed(unit, hashedBytes),
      });
    } finally {
      this.#feedCount -= 1;
      if (this.#jobs.length > 0) this.#freeBuffers.push(buffers);
    }
  }

  #hasRoom(): boolean {
    const living = this.#living();
    const isFree = ({ readCount }: HashThread): boolean => readCount < UNITS_AT_HAND_MAX;
    return living.length < this.#threadsMax || living.some(isFree);
  }

  /** The thread with the least to do of a kind; a new one rather than one that is at work. */
  #thread(kind: "readCount" | "fedCount"): HashThread {
    const living = this.#living();
    const byLoad = (a: HashThread, b: HashThread): number =>
      a[kind] - b[kind] || a.unitCount - b.unitCount;
    const [idlest] = living.toSorted(byLoad);
    const mayStart = living.length < this.#threadsMax && idlest?.unitCount !== 0;
    if (idlest !== undefined && !mayStart) return idlest;
    const thread = new HashThread(this.#workerData(), this.#ports.startWorker);
    this.#threads.push(thread);
    return thread;
  }

  #living(): readonly HashThread[] {
    this.#threads = this.#threads.filter(({ isDead }) => !isDead);
    return this.#threads;
  }

  #workerData(): { readonly bufferBytes: number } {
    const { most, least } = READ_BUFFER_BYTES;
    // A power of two, so that each of its parts holds whole blocks.
    const share = 2 ** Math.floor(Math.log2(READ_BUFFERS_BYTES_MAX / this.#threadsMax));
    return { bufferBytes: Math.min(most, Math.max(least, share)) };
  }

  #rest(): void {
    this.#freeBuffers.length = 0;
    if (this.#isDisposed || this.#threads.length === 0) return;
    this.#cancelIdle = this.#ports.clock.after(THREADS_IDLE_MS_MAX, () => void this.#endThreads());
  }

  async #endThreads(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((thread) => thread[Symbol.asyncDispose]()));
  }
}
