import type { LandingMemory } from "./landing.ts";
import type { KeyValue, ObjectStore } from "./stores.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Header names are lower-case; values are printable ASCII. */
export type Headers = Readonly<Record<string, string>>;

/** One message as it came. The payload must not be written to: it may be the sender's own. */
export type BusMessage = {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Headers;
  readonly replyTo: string | null;
  /** True for the bus's own answer that nobody serves the subject asked. */
  readonly noResponders: boolean;
  /**
   * Gives the payload's memory back, to be used again; there where that is worth the while. To be
   * called once at most, by whoever does not read it any more. Who does not leaves it as garbage.
   */
  readonly done?: () => void;
  /** Of the request for a stream of bytes: memory of the asker's, where that is by reference. */
  readonly landing?: LandingMemory;
};

/**
 * Told of the payload of a long message while it comes, part by part in their order, before it is
 * there whole; the last part may be left out. A message that is told of may never come.
 */
export type ArrivingPayload = (subject: string, part: Uint8Array) => void;

export interface Subscription {
  /** No message is handed over after this. */
  unsubscribe(): void;
}

export type PublishOptions = {
  readonly headers?: Headers;
  readonly replyTo?: string;
  /**
   * Told once when the bus does not read the payload any more, so that its memory may be used
   * again. By reference that is when its one subscriber is done with it, which may never be told.
   */
  readonly sent?: () => void;
  /** For the one subscriber in the same process; a network leaves it out. */
  readonly landing?: LandingMemory;
};

export type SubscribeOptions = {
  readonly queue?: string;
  /** Only where messages come in parts. */
  readonly arriving?: ArrivingPayload;
};

/** `connected` and `disconnected` alternate; `closed` is the last. */
export type BusStatus = "connected" | "disconnected" | "closed";

/**
 * What an adapter gives: subjects that carry bytes, and durable stores. `Bus` builds calls,
 * streams, schemas and traces on it, once for all adapters.
 *
 * Order is kept from one publisher to one subscriber. Delivery is at most once: what is published
 * while a subscriber is disconnected is lost to it. Subjects are NATS subjects (`a.b`, `a.*`,
 * `a.>`); of a queue group exactly one member gets each message. Payloads travel by reference
 * where publisher and subscriber share a process.
 */
export interface BusTransport {
  /** Larger payloads are refused at the publisher with `bus-payload-too-large`. */
  readonly payloadBytesMax: number;
  readonly status: BusStatus;
  onStatus(listener: (status: BusStatus) => void): void;

  /** Throws `bus-payload-too-large` or `bus-closed`. While disconnected the message is dropped. */
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  subscribe(
    subject: string,
    options: SubscribeOptions,
    handle: (message: BusMessage) => void,
  ): Subscription;
  /** A subject prefix of this connection alone, for replies: `{inbox}.{token}`. */
  readonly inbox: string;
  /** Resolves when all that was published or subscribed before is with the bus. */
  flush(): Promise<void>;

  keyValue(bucket: string): Promise<KeyValue>;
  objectStore(bucket: string): Promise<ObjectStore>;
  workQueue(name: string): Promise<WorkQueue>;

  /**
   * Stops taking messages, delivers those at hand, then disconnects. Jobs at hand are aborted and
   * given back without waiting for their handlers: stop a worker first to wait.
   */
  close(): Promise<void>;
}
