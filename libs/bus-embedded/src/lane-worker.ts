import { aborted, type JobHandler, type QueueWorker } from "@seedfleet/bus";
import type { TakenJob } from "./sqlite-jobs.ts";

export type JobOutcome = "done" | "failed" | "given back";

/** What a worker tells its lane. */
export interface WorkersLane {
  readonly subject: string;
  /** Writes down what came of a job, as long as it takes; once `signal` aborts it tries once. */
  settle(job: TakenJob, outcome: JobOutcome, signal: AbortSignal): Promise<void>;
  /** The job is in nobody's hands, and its worker has room for another. */
  release(job: TakenJob): void;
  leave(worker: LaneWorker): void;
}

/** One worker of a lane, with the jobs it has at hand. */
export class LaneWorker implements QueueWorker {
  readonly #lane: WorkersLane;
  readonly #atOnceMax: number;
  readonly #handle: JobHandler;
  readonly #atHand = new Map<AbortController, Promise<void>>();
  #stopped = false;

  constructor(lane: WorkersLane, atOnceMax: number, handle: JobHandler) {
    this.#lane = lane;
    this.#atOnceMax = atOnceMax;
    this.#handle = handle;
  }

  get hasRoom(): boolean {
    return !this.#stopped && this.#atHand.size < this.#atOnceMax;
  }

  take(job: TakenJob): void {
    const abort = new AbortController();
    // Set before the handler runs, which may stop this worker.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#atHand.set(abort, promise);
    void this.#run(job, abort).then(resolve);
  }

  async stop(): Promise<void> {
    this.abort();
    await Promise.all(this.#atHand.values());
  }

  /** Also takes no more jobs. */
  abort(): void {
    this.#stopped = true;
    this.#lane.leave(this);
    for (const abort of this.#atHand.keys()) abort.abort(aborted(this.#lane.subject));
  }

  async #run(job: TakenJob, abort: AbortController): Promise<void> {
    const outcome = await this.#outcome(job, abort.signal);
    await this.#lane.settle(job, outcome, abort.signal);
    this.#atHand.delete(abort);
    this.#lane.release(job);
  }

  async #outcome({ payload, attempt }: TakenJob, signal: AbortSignal): Promise<JobOutcome> {
    try {
      await this.#handle({ payload, attempt, signal });
      return "done";
    } catch {
      return signal.aborted ? "given back" : "failed";
    }
  }
}
