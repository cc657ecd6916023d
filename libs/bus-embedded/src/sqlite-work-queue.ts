import type { DatabaseSync } from "node:sqlite";
import {
  assertLane,
  assertWorkOptions,
  JOB_RETRY_DELAY_MS_MAX,
  type JobHandler,
  payloadTooLarge,
  type QueueWorker,
  type WorkOptions,
  type WorkQueue,
} from "@seedfleet/bus";
import type { Clock } from "@seedfleet/runtime";
import type { DeliveryQueue } from "./delivery-queue.ts";
import { JobLane, type LanePorts } from "./job-lane.ts";
import { SqliteJobs } from "./sqlite-jobs.ts";

export type WorkQueuePorts = {
  readonly database: DatabaseSync;
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
};

export type WorkQueueConfig = { readonly name: string; readonly payloadBytesMax: number };

/**
 * One queue in the database. The process has the database for itself, so which worker has a job is
 * known in memory only, and all jobs are free when it is opened again.
 */
export class SqliteWorkQueue implements WorkQueue {
  readonly #config: WorkQueueConfig;
  readonly #ports: LanePorts;
  readonly #lanes = new Map<string, JobLane>();

  constructor({ database, queue, clock }: WorkQueuePorts, config: WorkQueueConfig) {
    this.#config = config;
    this.#ports = { jobs: new SqliteJobs(database, config.name), clock, queue };
    this.#ports.jobs.boundDelays(Math.ceil(clock.nowMs() + JOB_RETRY_DELAY_MS_MAX));
  }

  async enqueue(lane: string, payload: Uint8Array): Promise<void> {
    assertLane(lane);
    const { name, payloadBytesMax } = this.#config;
    if (payload.length > payloadBytesMax) {
      throw payloadTooLarge(`${name}.${lane}`, payload.length, payloadBytesMax);
    }
    this.#ports.jobs.add(lane, payload);
    this.#lanes.get(lane)?.wake();
  }

  async work(lane: string, options: WorkOptions, handle: JobHandler): Promise<QueueWorker> {
    assertLane(lane);
    assertWorkOptions(options);
    this.#ports.jobs.checkOpen();
    return this.#laneOf(lane).work(options.atOnceMax, handle);
  }

  close(): void {
    for (const lane of this.#lanes.values()) lane.close();
  }

  #laneOf(name: string): JobLane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new JobLane(this.#ports, { queue: this.#config.name, lane: name });
      this.#lanes.set(name, lane);
    }
    return lane;
  }
}
