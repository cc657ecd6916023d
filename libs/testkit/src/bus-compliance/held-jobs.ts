import assert from "node:assert/strict";
import type { QueuedJob, QueueWorker, WorkQueue } from "@seedfleet/bus";
import { Gathered } from "../waiting.ts";

/** Jobs as a worker has them at hand, each until the test lets go of it. */
export class HeldJobs {
  readonly jobs: Gathered<HeldJob> = new Gathered();
  #atHand = 0;
  #atHandMost = 0;

  /** A function of its own, to be handed over as a handler. */
  readonly handle = async (job: QueuedJob): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#atHand += 1;
    this.#atHandMost = Math.max(this.#atHandMost, this.#atHand);
    const text = Buffer.from(job.payload).toString();
    this.jobs.add({
      text,
      attempt: job.attempt,
      signal: job.signal,
      finish: resolve,
      fail: reject,
    });
    await promise.finally(() => {
      this.#atHand -= 1;
    });
  };

  get atHandMost(): number {
    return this.#atHandMost;
  }

  async nth(number: number): Promise<HeldJob> {
    const job = (await this.jobs.count(number))[number - 1];
    assert(job !== undefined);
    return job;
  }

  texts(): readonly string[] {
    return this.jobs.items.map(({ text }) => text);
  }
}

export type HeldJob = {
  readonly text: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
};

export async function enqueueAll(
  queue: WorkQueue,
  lane: string,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) await queue.enqueue(lane, Buffer.from(text));
}

/** A worker that finishes every job at once. */
export function finishing(
  queue: WorkQueue,
  lane: string,
  done: Gathered<string>,
): Promise<QueueWorker> {
  return queue.work(lane, { atOnceMax: 1 }, async ({ payload }) => {
    done.add(Buffer.from(payload).toString());
  });
}
