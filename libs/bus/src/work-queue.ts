import assert from "node:assert/strict";

/**
 * The job of a worker whose process died is handed out again within this. Long enough that a busy
 * event loop or a server's restart does not take a job from a worker that is still at it.
 */
export const JOB_EXPIRY_MS = 10_000;

const RETRY_DELAY_MS_MIN = 1_000;

/** A job that fails for ever is tried once a minute, so that it goes on soon after it can. */
export const JOB_RETRY_DELAY_MS_MAX = 60_000;

const NAME = /^[-_a-zA-Z0-9]{1,64}$/;

/** One job as it is handed to a worker. */
export type QueuedJob = {
  /** Must not be written to. */
  readonly payload: Uint8Array;
  /** How often it has been handed out, from 1: more than once after a failure or a crash. */
  readonly attempt: number;
  /** Aborts when the worker is stopped, or the bus cannot keep the job for it any more. */
  readonly signal: AbortSignal;
};

export type JobHandler = (job: QueuedJob) => Promise<void>;

export type WorkOptions = {
  /** Jobs of the lane that this worker takes at once. */
  readonly atOnceMax: number;
};

/**
 * A durable queue of jobs in lanes. A lane is one token of `[-_a-zA-Z0-9]`, at most 64 characters;
 * its jobs are handed out in the order they came, each to one worker at a time, at least once.
 *
 * A job leaves the queue when its handler resolves. When the handler rejects, it is handed out
 * again after `jobRetryDelayMs`, and those behind it go first. While the handler runs the job stays
 * its worker's, however long that takes; should the process die, the job is handed out again within
 * `JOB_EXPIRY_MS`, on the embedded bus as soon as it is opened again. A worker that is cut off from
 * the bus for that long has its jobs aborted, as another may have them by then. Should the bus
 * itself crash the moment it hands a job out, two workers may have it; so a job must bear to be
 * done twice.
 */
export interface WorkQueue {
  /**
   * Resolves when the job is durable. Rejects as the stores do; a job whose enqueueing was refused
   * for a broken connection may be in the queue all the same.
   */
  enqueue(lane: string, payload: Uint8Array): Promise<void>;
  /** Several workers of one lane share its jobs. Once begun, it goes on after a reconnect. */
  work(lane: string, options: WorkOptions, handle: JobHandler): Promise<QueueWorker>;
}

export interface QueueWorker {
  /**
   * Takes no more jobs, aborts those at hand, and resolves when their handlers have settled. A job
   * whose handler rejects is given back, and handed out again at once. Never rejects.
   */
  stop(): Promise<void>;
}

/** How long a job waits after the handler of its `attempt`th handing out (1, 2, 3 …) failed. */
export function jobRetryDelayMs(attempt: number): number {
  assert(attempt >= 1);
  return Math.min(JOB_RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(attempt - 1, 30));
}

/** For adapters: a queue's name is ours, so a wrong one is a bug. */
export function assertQueue(queue: string): void {
  assert.match(queue, NAME, `Cannot use as a queue name: "${queue}"`);
}

/** For adapters: callers make lanes of parsed values, so a wrong one is a bug. */
export function assertLane(lane: string): void {
  assert.match(lane, NAME, `Cannot use as a lane: "${lane}"`);
}

/** For adapters: how many jobs a worker takes is ours to say. */
export function assertWorkOptions({ atOnceMax }: WorkOptions): void {
  assert(Number.isSafeInteger(atOnceMax) && atOnceMax >= 1, `Cannot take ${atOnceMax} at once`);
}
