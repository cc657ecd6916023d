import {
  createInbox,
  errors,
  MsgHdrsImpl,
  type NatsConnection,
  type Status,
} from "@nats-io/transport-node";
import {
  type BusMessage,
  type BusStatus,
  type BusTransport,
  closed,
  disconnected,
  type Headers,
  type KeyValue,
  type ObjectStore,
  type PublishOptions,
  payloadTooLarge,
  type SubscribeOptions,
  type Subscription,
  type WorkQueue,
} from "@seedfleet/bus";
import type { Clock } from "@seedfleet/runtime";
import type { Connection } from "./connection.ts";
import type { DirectLane } from "./direct-lane.ts";
import { type NatsError, permissionDenied } from "./errors.ts";
import type { ReceivedMessage } from "./message-reader.ts";
import { openNatsKeyValue } from "./nats-key-value.ts";
import { openNatsObjectStore } from "./nats-object-store.ts";
import { openNatsWorkQueue } from "./nats-work-queue.ts";

/** The server counts headers as payload; a trace and a stream's own headers fit in this. */
const HEADER_BYTES_RESERVED = 4 * 1024;

/** The code of the server's own answer that nobody is subscribed. */
const NO_RESPONDERS = 503;

const NO_HEADERS: Headers = {};

export type NatsBusPorts = {
  readonly clock: Clock;
  readonly inboxPrefix: string;
  /** Of the same connection. */
  readonly lane: DirectLane;
  /** On how many servers JetStream keeps what is made here. */
  readonly replicas: number;
  /** Told of what the server refuses later, which no caller waits for. */
  readonly onFault: (error: NatsError) => void;
};

/** One connection to NATS as a `BusTransport`. While disconnected, what is published is dropped. */
export class NatsBus implements BusTransport, Connection {
  readonly nats: NatsConnection;
  readonly clock: Clock;
  readonly replicas: number;
  readonly inboxPrefix: string;
  readonly inbox: string;
  readonly reconnected: Set<() => void> = new Set();
  readonly leaving: Set<() => Promise<void>> = new Set();
  readonly #lane: DirectLane;
  readonly #onFault: (error: NatsError) => void;
  readonly #statusListeners: ((status: BusStatus) => void)[] = [];
  readonly #keyValues = new Map<string, Promise<KeyValue>>();
  readonly #objectStores = new Map<string, Promise<ObjectStore>>();
  readonly #workQueues = new Map<string, Promise<WorkQueue>>();
  #payloadBytesMax = 0;
  #status: BusStatus = "connected";
  #closing: Promise<void> | null = null;

  constructor(nats: NatsConnection, { clock, lane, replicas, onFault, inboxPrefix }: NatsBusPorts) {
    this.nats = nats;
    this.clock = clock;
    this.replicas = replicas;
    this.inboxPrefix = inboxPrefix;
    this.inbox = createInbox(inboxPrefix);
    this.#lane = lane;
    this.#onFault = onFault;
    this.#learnLimits();
    void this.#followStatus();
    void nats.closed().then(() => this.#become("closed"));
  }

  get payloadBytesMax(): number {
    return this.#payloadBytesMax;
  }

  get status(): BusStatus {
    return this.#status;
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#statusListeners.push(listener);
  }

  publish(subject: string, payload: Uint8Array, options: PublishOptions = {}): void {
    this.#checkOpen();
    if (payload.length > this.#payloadBytesMax) {
      throw payloadTooLarge(subject, payload.length, this.#payloadBytesMax);
    }
    // The client would gather it all in memory until the server is back, however long that takes.
    if (this.#status === "disconnected") options.sent?.();
    else this.#lane.publish(subject, payload, options);
  }

  subscribe(
    subject: string,
    { arriving, ...options }: SubscribeOptions,
    handle: (message: BusMessage) => void,
  ): Subscription {
    this.#checkOpen();
    // What was published before must not be overtaken, or its answer would come too late for it.
    this.#lane.flush();
    // Its messages go to the lane; that it is refused comes, with its subject, as a status.
    const subscription = this.nats.subscribe(subject, { ...options, callback: () => {} });
    const sid = subscription.getID();
    const receive = (message: ReceivedMessage): void => handle(decodeMessage(message));
    this.#lane.receive(sid, { handle: receive, arriving });
    void subscription.closed.then(() => this.#lane.forget(sid));
    return {
      unsubscribe: () => {
        this.#lane.forget(sid);
        subscription.unsubscribe();
      },
    };
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    if (this.#status === "disconnected") throw disconnected("flush");
    this.#lane.flush();
    try {
      await this.nats.flush();
    } catch (error) {
      throw this.nats.isClosed() ? closed(error) : disconnected("flush", error);
    }
  }

  async keyValue(bucket: string): Promise<KeyValue> {
    this.#checkOpen();
    const config = { bucket, valueBytesMax: () => this.#payloadBytesMax };
    return await openOnce(this.#keyValues, bucket, () => openNatsKeyValue(this, config));
  }

  async objectStore(bucket: string): Promise<ObjectStore> {
    this.#checkOpen();
    return await openOnce(this.#objectStores, bucket, () => openNatsObjectStore(this, bucket));
  }

  async workQueue(name: string): Promise<WorkQueue> {
    this.#checkOpen();
    const config = { name, payloadBytesMax: () => this.#payloadBytesMax };
    return await openOnce(this.#workQueues, name, () => openNatsWorkQueue(this, config));
  }

  close(): Promise<void> {
    this.#closing ??= this.#drainAndClose();
    return this.#closing;
  }

  async #drainAndClose(): Promise<void> {
    await this.#leave();
    this.#lane.flush();
    // Draining waits for the server's word, which nobody gives while it is away.
    if (this.#status === "connected") await this.nats.drain().catch(() => this.nats.close());
    else await this.nats.close();
    this.#become("closed");
  }

  async #leave(): Promise<void> {
    await Promise.all([...this.leaving].map((leave) => leave()));
  }

  #checkOpen(): void {
    if (this.#status === "closed" || this.nats.isClosed()) throw closed();
  }

  #become(status: BusStatus): void {
    if (this.#status === status || this.#status === "closed") return;
    this.#status = status;
    for (const listener of this.#statusListeners) listener(status);
    if (status === "closed") void this.#leave();
    if (status !== "connected") return;
    // Who is told may add to them.
    for (const tell of [...this.reconnected]) tell();
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.nats.status()) this.#follow(status);
  }

  #follow(status: Status): void {
    if (status.type === "disconnect") {
      this.#become("disconnected");
    } else if (status.type === "reconnect") {
      this.#learnLimits();
      this.#become("connected");
    } else if (status.type === "error") {
      const { error } = status;
      if (!(error instanceof errors.PermissionViolationError)) return;
      this.#onFault(permissionDenied(error.subject, error.operation, error));
    }
  }

  #learnLimits(): void {
    const { info } = this.nats;
    if (info !== undefined) this.#payloadBytesMax = info.max_payload - HEADER_BYTES_RESERVED;
  }
}

/** A store that could not be opened is tried again by the next who asks for it. */
async function openOnce<Store>(
  stores: Map<string, Promise<Store>>,
  bucket: string,
  open: () => Promise<Store>,
): Promise<Store> {
  let store = stores.get(bucket);
  if (store === undefined) {
    store = open();
    stores.set(bucket, store);
    store.catch(() => stores.delete(bucket));
  }
  return await store;
}

function decodeMessage({ headerBytes, ...message }: ReceivedMessage): BusMessage {
  if (headerBytes.length === 0) return { ...message, headers: NO_HEADERS, noResponders: false };
  const headers = MsgHdrsImpl.decode(headerBytes);
  const noResponders = message.payload.length === 0 && headers.code === NO_RESPONDERS;
  return { ...message, headers: decodeHeaders(headers), noResponders };
}

function decodeHeaders(headers: Iterable<[string, string[]]>): Headers {
  const decoded: Record<string, string> = {};
  for (const [name, values] of headers) decoded[name.toLowerCase()] = values[0] ?? "";
  return decoded;
}
