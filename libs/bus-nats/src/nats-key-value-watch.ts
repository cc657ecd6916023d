import {
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  jetstream,
  jetstreamManager,
  type PushConsumer,
} from "@nats-io/jetstream";
import type { KeyValueChange } from "@seedfleet/bus";
import { type CancelTimer, delay } from "@seedfleet/runtime";
import type { Connection } from "./connection.ts";
import { RECONNECT_DEFAULTS, reconnectDelayMs } from "./reconnect-delay.ts";

/** How often the server is asked whether it still has a watcher that it sends nothing. */
const LOOK_INTERVAL_MS = 5_000;

/** A server that is there says that at once. */
const LOOK_TIMEOUT_MS = 5_000;

/**
 * How long the server has to begin it, the first time and at most. Of a bucket with a million keys
 * it takes a second or two, and longer where it is busy; but what was asked of one that died, or
 * has no leader yet, is never answered.
 */
const BEGIN_TIMEOUT_MS = 5_000;
const BEGIN_TIMEOUT_MS_MAX = 30_000;

/** Whoever cannot begin in these does not start. */
const BEGIN_TRIES = 3;

/**
 * Tells the changes of one bucket, in the order of their revisions, each once.
 *
 * The server forgets its watchers when it dies, and the client would notice by missing heartbeats
 * only after a minute. So each time the connection is back, or the client gives up, the watch
 * begins anew behind the last revision told. With a history of 1 that is every key changed since,
 * deletions included, and its last value. In a cluster the server that died may be another than the
 * one we are connected to, so it is asked every few seconds, too.
 *
 * Of a watcher that began with the last value of every key, nats-server 2.9 counts all keys anew
 * whenever it is asked, a second of a million, and whatever else we ask of it waits. Such a one is
 * replaced once it has told what there was.
 */
export class NatsKeyValueWatch {
  readonly #connection: Connection;
  readonly #bucket: string;
  readonly #handle: (change: KeyValueChange) => void;
  /** Messages of an earlier beginning are not told. */
  #beginning = 0;
  #messages: ConsumerMessages | null = null;
  #consumer: PushConsumer | null = null;
  /** Whether it began with the last value of every key. */
  #isOfAllKeys = false;
  /** Whether it has sent anything since the last look. */
  #isHeard = false;
  #bucketCreated: string | null = null;
  #startRevision = 0;
  #toldRevision = 0;
  #initialised = false;
  #stopped = false;
  #cancelLooks: CancelTimer | null = null;
  #looking = false;

  constructor(connection: Connection, bucket: string, handle: (change: KeyValueChange) => void) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#handle = handle;
  }

  /** Rejects if it cannot begin; afterwards it goes on until it is stopped. */
  async start(): Promise<void> {
    const beginning = this.#beginning;
    for (let attempt = 0; this.#isCurrent(beginning); attempt += 1) {
      try {
        await this.#begin(beginning, attempt);
        break;
      } catch (error) {
        if (attempt + 1 === BEGIN_TRIES) throw error;
      }
    }
    this.#connection.reconnected.add(this.#beginAgain);
    this.#cancelLooks = this.#connection.clock.every(LOOK_INTERVAL_MS, () => void this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelLooks?.();
    this.#connection.reconnected.delete(this.#beginAgain);
    this.#leave();
  }

  readonly #beginAgain = (): void => {
    void this.#retryUntilBegun();
  };

  async #look(): Promise<void> {
    const consumer = this.#consumer;
    const { status } = this.#connection;
    if (status === "closed") this.#cancelLooks?.();
    if (consumer === null || this.#looking || status !== "connected") return;
    const isHeard = this.#isHeard;
    this.#isHeard = false;
    if (this.#isOfAllKeys && this.#initialised && this.#toldRevision > 0) return this.#beginAgain();
    if (isHeard) return;
    this.#looking = true;
    const isThere = consumer.info().then(
      () => true,
      () => false,
    );
    const isLate = delay(this.#connection.clock, LOOK_TIMEOUT_MS).then(() => false);
    const isWell = await Promise.race([isThere, isLate]);
    this.#looking = false;
    // It is gone, or its server does not answer. Should it only be slow, nothing is told twice.
    if (!isWell && consumer === this.#consumer) this.#beginAgain();
  }

  async #retryUntilBegun(): Promise<void> {
    const beginning = ++this.#beginning;
    this.#leave();
    for (let attempt = 0; this.#isCurrent(beginning); attempt += 1) {
      try {
        await this.#begin(beginning, attempt);
        return;
      } catch {
        // The server may be back before its streams are. If it has gone again, the next
        // reconnection begins anew, and this one is no longer current.
        const delayMs = reconnectDelayMs(RECONNECT_DEFAULTS, attempt, Math.random());
        await delay(this.#connection.clock, delayMs);
      }
    }
  }

  async #begin(beginning: number, attempt: number): Promise<void> {
    const { nats } = this.#connection;
    const stream = `KV_${this.#bucket}`;
    const timeout = Math.min(BEGIN_TIMEOUT_MS * 2 ** attempt, BEGIN_TIMEOUT_MS_MAX);
    const options = { timeout };
    const { streams } = await jetstreamManager(nats, { ...options, checkAPI: false });
    const { created, state } = await streams.info(stream);
    this.#beginWith(created, state.last_seq);
    const isOfAllKeys = this.#toldRevision === 0;
    const consumer = await jetstream(nats, options).consumers.getPushConsumer(stream, {
      filter_subjects: `${this.#prefix}>`,
      ...(isOfAllKeys
        ? { deliver_policy: DeliverPolicy.LastPerSubject }
        : { opt_start_seq: this.#toldRevision + 1 }),
    });
    const { num_pending } = await consumer.info(true);
    if (!this.#isCurrent(beginning)) return void consumer.delete().catch(() => {});
    if (num_pending === 0) this.#tellInitialised();
    this.#consumer = consumer;
    this.#isOfAllKeys = isOfAllKeys;
    this.#messages = await consumer.consume({
      callback: (message) => {
        if (!this.#isCurrent(beginning)) return;
        this.#isHeard = true;
        this.#receive(message);
      },
    });
    void this.#messages.closed().then(() => {
      if (this.#isCurrent(beginning)) this.#beginAgain();
    });
  }

  /** A bucket that was made anew counts from 1 again, so everything in it is news. */
  #beginWith(created: string, lastRevision: number): void {
    const replaced = this.#bucketCreated !== null && this.#bucketCreated !== created;
    if (replaced) this.#toldRevision = 0;
    if (replaced || this.#bucketCreated === null) this.#startRevision = lastRevision;
    this.#bucketCreated = created;
  }

  #receive(message: JsMsg): void {
    const { seq: revision, subject, headers, data: value, info } = message;
    if (revision <= this.#toldRevision) return;
    this.#toldRevision = revision;
    const key = subject.slice(this.#prefix.length);
    // What was deleted before the watch began was never there for it.
    const news = revision > this.#startRevision;
    if ((headers?.get("KV-Operation") ?? "") === "") {
      this.#handle({ kind: "put", key, value, revision });
    } else if (news) {
      this.#handle({ kind: "delete", key, revision });
    }
    if (revision >= this.#startRevision || info.pending === 0) this.#tellInitialised();
  }

  #tellInitialised(): void {
    if (this.#initialised) return;
    this.#initialised = true;
    this.#handle({ kind: "initialised" });
  }

  #leave(): void {
    this.#messages?.stop();
    // The server forgets a watcher that is gone by itself, only later.
    if (this.#connection.status === "connected") this.#consumer?.delete().catch(() => {});
    this.#messages = null;
    this.#consumer = null;
  }

  #isCurrent(beginning: number): boolean {
    return !this.#stopped && beginning === this.#beginning && this.#connection.status !== "closed";
  }

  get #prefix(): string {
    return `$KV.${this.#bucket}.`;
  }
}
