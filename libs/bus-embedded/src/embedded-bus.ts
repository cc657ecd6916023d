import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import {
  assertBucket,
  assertQueue,
  type BusMessage,
  type BusStatus,
  type BusTransport,
  closed,
  type Headers,
  type KeyValue,
  type ObjectStore,
  type PublishOptions,
  payloadTooLarge,
  type Subscription,
  type WorkQueue,
} from "@seedfleet/bus";
import { type Clock, systemClock } from "@seedfleet/runtime";
import { DeliveryQueue } from "./delivery-queue.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteKeyValue } from "./sqlite-key-value.ts";
import { SqliteObjectStore } from "./sqlite-object-store.ts";
import { SqliteWorkQueue } from "./sqlite-work-queue.ts";
import { SubjectTree } from "./subject-tree.ts";

/** Payloads go by reference, so this only stops what must be a mistake. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;

const NOTHING: Uint8Array = new Uint8Array(0);
const NO_HEADERS: Headers = {};

export type EmbeddedBusConfig = {
  /** Where key-value, objects and jobs are kept; null keeps them in memory only. */
  readonly file: string | null;
};

export type EmbeddedBusPorts = {
  /** Says when a job whose handler failed is handed out again. */
  readonly clock: Clock;
};

type Receiver = {
  readonly queue: string | null;
  readonly handle: (message: BusMessage) => void;
  active: boolean;
};

/**
 * The bus of one process: the same promises as NATS, without a network. Payloads go by reference.
 * Throws `data-directory-in-use` if another process has the file open.
 */
export function openEmbeddedBus(
  { file }: EmbeddedBusConfig,
  { clock }: EmbeddedBusPorts = { clock: systemClock },
): BusTransport {
  return new EmbeddedBus(openDatabase(file), clock);
}

class EmbeddedBus implements BusTransport {
  readonly payloadBytesMax = PAYLOAD_BYTES_MAX;
  readonly inbox = `_INBOX.${randomBytes(9).toString("base64url")}`;
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #queue = new DeliveryQueue();
  readonly #receivers = new SubjectTree<Receiver>();
  readonly #statusListeners: ((status: BusStatus) => void)[] = [];
  readonly #keyValues = new Map<string, SqliteKeyValue>();
  readonly #workQueues = new Map<string, SqliteWorkQueue>();
  #closing: Promise<void> | null = null;
  #status: BusStatus = "connected";

  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  get status(): BusStatus {
    return this.#status;
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#statusListeners.push(listener);
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions = {}): void {
    this.#checkOpen();
    if (payload.length > PAYLOAD_BYTES_MAX) {
      throw payloadTooLarge(subject, payload.length, PAYLOAD_BYTES_MAX);
    }
    const { headers = NO_HEADERS, replyTo = null, sent, landing } = options;
    const receivers = this.#receivers.receivers(subject);
    if (receivers.length > 0) {
      const message = { subject, payload, headers, replyTo, noResponders: false };
      // Of several nobody could say when the last is done.
      const isOne = receivers.length === 1;
      const byReference = {
        ...(isOne && sent !== undefined ? { done: sent } : {}),
        ...(isOne && landing !== undefined ? { landing } : {}),
      };
      this.#deliver(receivers, { ...message, ...byReference });
    } else if (replyTo !== null) {
      this.#answerNoResponders(replyTo);
    }
  }

  subscribe(
    subject: string,
    { queue = null }: { readonly queue?: string | null },
    handle: (message: BusMessage) => void,
  ): Subscription {
    this.#checkOpen();
    const receiver = { queue, handle, active: true };
    this.#receivers.add(subject, receiver);
    return {
      unsubscribe: () => {
        if (receiver.active) this.#receivers.remove(subject, receiver);
        receiver.active = false;
      },
    };
  }

  /** Also waits until what was published has been handed over, as there is no wire in between. */
  async flush(): Promise<void> {
    this.#checkOpen();
    await this.#queue.caughtUp();
  }

  async keyValue(bucket: string): Promise<KeyValue> {
    this.#checkOpen();
    assertBucket(bucket);
    // All users of a bucket share one object, because its watchers hear only its own writes.
    let store = this.#keyValues.get(bucket);
    if (store === undefined) {
      const ports = { database: this.#database, queue: this.#queue };
      store = new SqliteKeyValue(ports, { bucket, valueBytesMax: PAYLOAD_BYTES_MAX });
      this.#keyValues.set(bucket, store);
    }
    return store;
  }

  async objectStore(bucket: string): Promise<ObjectStore> {
    this.#checkOpen();
    assertBucket(bucket);
    return new SqliteObjectStore(this.#database, bucket);
  }

  async workQueue(name: string): Promise<WorkQueue> {
    this.#checkOpen();
    assertQueue(name);
    // All users of a queue share one object, because it knows which jobs are at hand.
    let workQueue = this.#workQueues.get(name);
    if (workQueue === undefined) {
      const ports = { database: this.#database, queue: this.#queue, clock: this.#clock };
      workQueue = new SqliteWorkQueue(ports, { name, payloadBytesMax: PAYLOAD_BYTES_MAX });
      this.#workQueues.set(name, workQueue);
    }
    return workQueue;
  }

  close(): Promise<void> {
    this.#closing ??= this.#drainAndClose();
    return this.#closing;
  }

  async #drainAndClose(): Promise<void> {
    await this.#queue.caughtUp();
    this.#status = "closed";
    for (const store of this.#keyValues.values()) store.stopWatches();
    for (const workQueue of this.#workQueues.values()) workQueue.close();
    this.#database.close();
    for (const listener of this.#statusListeners) listener("closed");
  }

  #deliver(receivers: readonly Receiver[], message: BusMessage): void {
    for (const receiver of receivers) {
      this.#queue.add(() => {
        if (receiver.active && this.#status !== "closed") receiver.handle(message);
      });
    }
  }

  #answerNoResponders(subject: string): void {
    const receivers = this.#receivers.receivers(subject);
    const answer = { subject, payload: NOTHING, headers: NO_HEADERS };
    this.#deliver(receivers, { ...answer, replyTo: null, noResponders: true });
  }

  #checkOpen(): void {
    if (this.#status === "closed") throw closed();
  }
}
