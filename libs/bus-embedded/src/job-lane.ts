import {
  JOB_RETRY_DELAY_MS_MAX,
  type JobHandler,
  jobRetryDelayMs,
  type QueueWorker,
} from "@seedfleet/bus";
import { type CancelTimer, type Clock, delay } from "@seedfleet/runtime";
import type { DeliveryQueue } from "./delivery-queue.ts";
import { type JobOutcome, LaneWorker, type WorkersLane } from "./lane-worker.ts";
import type { SqliteJobs, TakenJob } from "./sqlite-jobs.ts";

/** How long a full disk or the like is left alone before it is tried again. */
const STORE_RETRY_MS = 5_000;

export type LanePorts = {
  readonly jobs: SqliteJobs;
  readonly clock: Clock;
  readonly queue: DeliveryQueue;
};

/**
 * Hands the jobs of one lane to its workers, in order, and to each in turn. It keeps only what is
 * at hand, and wakes when there may be something to do: a job came or is due, a worker came or has
 * room.
 */
export class JobLane implements WorkersLane {
  readonly subject: string;
  readonly #ports: LanePorts;
  readonly #lane: string;
  /** In the order of their turns. */
  readonly #workers: LaneWorker[] = [];
  readonly #atHand = new Set<number>();
  #awake = false;
  #closed = false;
  #cancelTimer: CancelTimer = () => {};

  constructor(ports: LanePorts, names: { readonly queue: string; readonly lane: string }) {
    this.subject = `${names.queue}.${names.lane}`;
    this.#ports = ports;
    this.#lane = names.lane;
  }

  work(atOnceMax: number, handle: JobHandler): QueueWorker {
    const worker = new LaneWorker(this, atOnceMax, handle);
    this.#workers.push(worker);
    this.wake();
    return worker;
  }

  /** There is, or may be, a job and a worker for it. */
  wake(): void {
    if (this.#awake || this.#closed) return;
    this.#awake = true;
    this.#ports.queue.add(() => this.#handOut());
  }

  async settle(job: TakenJob, outcome: JobOutcome, signal: AbortSignal): Promise<void> {
    while (!this.#wrote(job, outcome) && !this.#closed && !signal.aborted) {
      await delay(this.#ports.clock, STORE_RETRY_MS, signal);
    }
  }

  release({ id }: TakenJob): void {
    this.#atHand.delete(id);
    this.wake();
  }

  leave(worker: LaneWorker): void {
    const index = this.#workers.indexOf(worker);
    if (index >= 0) this.#workers.splice(index, 1);
  }

  /** Aborts what is at hand. It is due in the database, so whoever opens that next hands it out. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    for (const worker of [...this.#workers]) worker.abort();
  }

  #handOut(): void {
    this.#awake = false;
    const worker = this.#workers.find(({ hasRoom }) => hasRoom);
    if (worker === undefined || this.#closed) return;
    const job = this.#take();
    if (job === null) return;
    this.leave(worker);
    this.#workers.push(worker);
    this.wake();
    worker.take(job);
  }

  /** Null, and a time to wake is set, if there is nothing to hand out now. */
  #take(): TakenJob | null {
    const { jobs, clock } = this.#ports;
    this.#cancelTimer();
    try {
      const nowMs = clock.nowMs();
      const job = jobs.take(this.#lane, this.#atHand, nowMs);
      if (job !== null) this.#atHand.add(job.id);
      else this.#wakeAt(jobs.nextDueMs(this.#lane, nowMs), nowMs);
      return job;
    } catch {
      this.#wakeAfter(STORE_RETRY_MS);
      return null;
    }
  }

  /** A given-back job is due as it was. */
  #wrote({ id, attempt }: TakenJob, outcome: JobOutcome): boolean {
    const { jobs, clock } = this.#ports;
    try {
      if (outcome === "done") jobs.remove(id);
      if (outcome === "failed") jobs.delay(id, Math.ceil(clock.nowMs() + jobRetryDelayMs(attempt)));
      return true;
    } catch {
      return false;
    }
  }

  #wakeAt(dueMs: number | null, nowMs: number): void {
    if (dueMs !== null) this.#wakeAfter(Math.min(dueMs - nowMs, JOB_RETRY_DELAY_MS_MAX));
  }

  #wakeAfter(delayMs: number): void {
    this.#cancelTimer = this.#ports.clock.after(delayMs, () => this.wake());
  }
}
