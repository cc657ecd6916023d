import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import {
  assertLane,
  assertQueue,
  assertWorkOptions,
  JOB_EXPIRY_MS,
  type JobHandler,
  payloadTooLarge,
  type QueueWorker,
  type WorkOptions,
  type WorkQueue,
} from "@seedfleet/bus";
import { type Connection, inStore } from "./connection.ts";
import { NatsQueueWorker } from "./nats-queue-worker.ts";
import { openInStore } from "./open-in-store.ts";

/**
 * So many jobs of a lane may be at hand or wait after a failure. Beyond it the lane stands still
 * until one of them is done, so it is far more than fail at once; the server keeps a few dozen
 * bytes for each.
 */
export const JOBS_UNSETTLED_MAX = 65_536;

type QueueConfig = { readonly name: string; readonly payloadBytesMax: () => number };

/** Opens a queue of JetStream, and makes it if it is not there. */
export async function openNatsWorkQueue(
  connection: Connection,
  config: QueueConfig,
): Promise<WorkQueue> {
  assertQueue(config.name);
  const queue = new NatsWorkQueue(connection, config);
  await queue.open();
  return queue;
}

/** A stream whose messages leave it when they are acknowledged, and a consumer for each lane. */
class NatsWorkQueue implements WorkQueue {
  readonly #connection: Connection;
  readonly #config: QueueConfig;

  constructor(connection: Connection, config: QueueConfig) {
    this.#connection = connection;
    this.#config = config;
  }

  async open(): Promise<void> {
    await openInStore(this.#connection, this.#config.name, () => this.#makeStream());
  }

  async enqueue(lane: string, payload: Uint8Array): Promise<void> {
    assertLane(lane);
    const subject = this.#subject(lane);
    const payloadBytesMax = this.#config.payloadBytesMax();
    if (payload.length > payloadBytesMax) {
      throw payloadTooLarge(subject, payload.length, payloadBytesMax);
    }
    await this.#inStore("enqueue", () =>
      jetstream(this.#connection.nats).publish(subject, payload),
    );
  }

  async work(lane: string, options: WorkOptions, handle: JobHandler): Promise<QueueWorker> {
    assertLane(lane);
    assertWorkOptions(options);
    const make = (): Promise<void> => this.#makeConsumer(lane);
    await this.#inStore("work", make);
    const worker = new NatsQueueWorker(
      this.#connection,
      { stream: this.#stream, consumer: lane, subject: this.#subject(lane), make },
      { ...options, handle },
    );
    worker.start();
    return worker;
  }

  /** An operator may have changed it since, to have more replicas say, so it is left as it is. */
  async #makeStream(): Promise<void> {
    const { streams } = await jetstreamManager(this.#connection.nats, { checkAPI: false });
    try {
      await streams.info(this.#stream);
    } catch (error) {
      if (!isStreamNotFound(error)) throw error;
      await streams.add({
        name: this.#stream,
        subjects: [this.#subject("*")],
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.File,
        num_replicas: this.#connection.replicas,
        // Where an operator sets a limit, what comes is refused; nothing in the queue is lost.
        discard: DiscardPolicy.New,
      });
    }
  }

  async #makeConsumer(lane: string): Promise<void> {
    await this.#makeStream();
    const { consumers } = await jetstreamManager(this.#connection.nats, { checkAPI: false });
    await consumers.add(this.#stream, {
      durable_name: lane,
      filter_subject: this.#subject(lane),
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(JOB_EXPIRY_MS),
      max_ack_pending: JOBS_UNSETTLED_MAX,
      max_deliver: -1,
    });
  }

  get #stream(): string {
    return `QUEUE_${this.#config.name}`;
  }

  #subject(lane: string): string {
    return `seedfleet-queue.${this.#config.name}.${lane}`;
  }

  #inStore<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    return inStore(this.#connection, { bucket: this.#config.name, action }, work);
  }
}

function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}
