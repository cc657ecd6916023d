import { closed } from "./errors.ts";
import type { Faults } from "./faults.ts";
import type { JobHandler, QueueWorker, WorkQueue } from "./work-queue.ts";

/** The workers of one bus: closing it stops them, and what their handlers throw is reported. */
export class BusWorkers {
  readonly #faults: Faults;
  readonly #workers = new Set<QueueWorker>();
  #stopped = false;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** The same queue, with its workers among these. */
  watched(queue: string, inner: WorkQueue): WorkQueue {
    return {
      enqueue: (lane, payload) => inner.enqueue(lane, payload),
      work: async (lane, options, handle) => {
        const reporting = this.#reporting({ queue, lane }, handle);
        return await this.#work(() => inner.work(lane, options, reporting));
      },
    };
  }

  /** Resolves when the handlers of all workers have settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
  }

  async #work(begin: () => Promise<QueueWorker>): Promise<QueueWorker> {
    if (this.#stopped) throw closed();
    const inner = await begin();
    const worker = {
      stop: async (): Promise<void> => {
        await inner.stop();
        this.#workers.delete(worker);
      },
    };
    this.#workers.add(worker);
    return worker;
  }

  #reporting(
    where: { readonly queue: string; readonly lane: string },
    handle: JobHandler,
  ): JobHandler {
    return async (job) => {
      const { attempt, signal } = job;
      try {
        await handle(job);
      } catch (error) {
        // A handler that gives up when it is told to has not failed.
        if (!signal.aborted) this.#faults.jobFailed({ ...where, attempt }, error);
        throw error;
      }
    };
  }
}
