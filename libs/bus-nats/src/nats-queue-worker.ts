import type { Msg } from "@nats-io/transport-node";
import { type JobHandler, jobRetryDelayMs, type QueueWorker } from "@seedfleet/bus";
import { delay } from "@seedfleet/runtime";
import type { Connection } from "./connection.ts";
import { deliveryOf, NatsJob } from "./nats-job.ts";
import { pullJob } from "./pull-job.ts";
import { RECONNECT_DEFAULTS, reconnectDelayMs } from "./reconnect-delay.ts";

/** The consumer that a worker takes its jobs from. */
export type LaneConsumer = {
  readonly stream: string;
  readonly consumer: string;
  /** What its jobs are enqueued to. */
  readonly subject: string;
  /** Makes what is missing of stream and consumer. */
  make(): Promise<void>;
};

/**
 * One worker of a lane. It asks for one job at a time, and only while it has room, so that no job
 * lies about here that another worker could do. The server forgets what was asked when it dies, so
 * each time the connection is back the worker asks anew.
 */
export class NatsQueueWorker implements QueueWorker {
  readonly #connection: Connection;
  readonly #lane: LaneConsumer;
  readonly #atOnceMax: number;
  readonly #handle: JobHandler;
  readonly #atHand = new Map<NatsJob, Promise<void>>();
  /** Aborts when what was asked for is void: after a reconnect, and when the worker stops. */
  #asking = new AbortController();
  #failures = 0;
  #stopped = false;
  #roomFound: () => void = () => {};
  #pulling: Promise<void> = Promise.resolve();

  constructor(
    connection: Connection,
    lane: LaneConsumer,
    { atOnceMax, handle }: { readonly atOnceMax: number; readonly handle: JobHandler },
  ) {
    this.#connection = connection;
    this.#lane = lane;
    this.#atOnceMax = atOnceMax;
    this.#handle = handle;
  }

  start(): void {
    this.#connection.reconnected.add(this.#askAnew);
    this.#connection.leaving.add(this.#leave);
    this.#pulling = this.#pull();
  }

  async stop(): Promise<void> {
    this.#abort();
    await this.#pulling;
    await Promise.all(this.#atHand.values());
    this.#connection.leaving.delete(this.#leave);
  }

  readonly #askAnew = (): void => {
    this.#failures = 0;
    this.#asking.abort();
    this.#asking = new AbortController();
  };

  /** The connection ends: what is at hand is given back, whatever its handler does. */
  readonly #leave = async (): Promise<void> => {
    this.#abort();
    await this.#pulling;
    await Promise.all([...this.#atHand.keys()].map((job) => job.giveBack(0)));
  };

  #abort(): void {
    this.#stopped = true;
    this.#connection.reconnected.delete(this.#askAnew);
    this.#asking.abort();
    this.#roomFound();
    for (const job of this.#atHand.keys()) job.abort();
  }

  async #pull(): Promise<void> {
    while (!this.#isOver) {
      await this.#room();
      if (this.#isOver) return;
      const { signal } = this.#asking;
      const answer = await this.#ask(signal);
      if (answer === "failed") {
        const delayMs = reconnectDelayMs(RECONNECT_DEFAULTS, this.#failures, Math.random());
        this.#failures += 1;
        await delay(this.#connection.clock, delayMs, signal);
      } else {
        this.#failures = 0;
        if (answer !== "nothing") await this.#take(answer);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<Msg | "nothing" | "failed"> {
    if (this.#connection.status !== "connected") return "failed";
    try {
      if (this.#failures > 0) await this.#lane.make();
      return await pullJob(this.#connection, this.#lane, signal);
    } catch {
      return "failed";
    }
  }

  async #take(message: Msg): Promise<void> {
    // A server that died may not remember that it handed a job out, and what is at hand here stays.
    if (this.#isAtHand(deliveryOf(message.reply ?? "").sequence)) return;
    const job = new NatsJob(this.#connection, message, this.#lane.subject);
    // It was on its way when the worker stopped.
    if (this.#stopped) return await job.giveBack(0);
    // Set before the handler runs, which may stop this worker.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#atHand.set(job, promise);
    void this.#run(job).then(resolve);
  }

  async #run(job: NatsJob): Promise<void> {
    const isDone = await this.#isDone(job);
    if (isDone) await job.finish();
    else await job.giveBack(job.handed.signal.aborted ? 0 : jobRetryDelayMs(job.handed.attempt));
    this.#atHand.delete(job);
    this.#roomFound();
  }

  async #isDone(job: NatsJob): Promise<boolean> {
    try {
      await this.#handle(job.handed);
      return true;
    } catch {
      return false;
    }
  }

  #isAtHand(sequence: number): boolean {
    return this.#atHand.keys().some((job) => job.sequence === sequence);
  }

  /** Resolves when there is room for another job, or the worker stops. */
  #room(): Promise<void> {
    if (this.#stopped || this.#atHand.size < this.#atOnceMax) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomFound = resolve;
    });
  }

  get #isOver(): boolean {
    return this.#stopped || this.#connection.status === "closed";
  }
}
