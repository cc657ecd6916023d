import { JetStreamApiCodes, JetStreamApiError, jetstream, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import {
  assertBucket,
  assertKey,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  payloadTooLarge,
} from "@seedfleet/bus";
import { type Connection, inStore } from "./connection.ts";
import { NatsKeyValueWatch } from "./nats-key-value-watch.ts";
import { openInStore } from "./open-in-store.ts";

type BucketConfig = { readonly bucket: string; readonly valueBytesMax: () => number };

/** Opens a bucket of JetStream, and makes it if it is not there. */
export async function openNatsKeyValue(
  connection: Connection,
  config: BucketConfig,
): Promise<KeyValue> {
  const { bucket } = config;
  assertBucket(bucket);
  const store = await openInStore(connection, bucket, () =>
    // Direct reads may come from a replica that lags, and a read must see the write before it.
    new Kvm(jetstream(connection.nats)).create(bucket, {
      history: 1,
      storage: StorageType.File,
      replicas: connection.replicas,
      allow_direct: false,
    }),
  );
  return new NatsKeyValue(connection, store, config);
}

class NatsKeyValue implements KeyValue {
  readonly #connection: Connection;
  readonly #store: KV;
  readonly #config: BucketConfig;

  constructor(connection: Connection, store: KV, config: BucketConfig) {
    this.#connection = connection;
    this.#store = store;
    this.#config = config;
  }

  async get(key: string): Promise<KeyValueEntry | null> {
    assertKey(key);
    const entry = await this.#inStore("read", () => this.#store.get(key));
    if (entry === null || entry.operation !== "PUT") return null;
    return { key, value: entry.value, revision: entry.revision };
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    this.#check(key, value);
    return await this.#inStore("write", () => this.#store.put(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    this.#check(key, value);
    return await this.#inStore("write", async () => {
      try {
        // Creating also writes over the mark that a deletion leaves.
        if (revision === 0) return await this.#store.create(key, value);
        return await this.#store.update(key, value, revision);
      } catch (error) {
        if (isOtherRevision(error)) return null;
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    // A deletion leaves a mark, and a mark for what never was would stay for ever.
    if ((await this.get(key)) === null) return;
    await this.#inStore("delete", () => this.#store.delete(key));
  }

  async *keys(): AsyncGenerator<string, void, void> {
    yield* await this.#inStore("list", () => this.#store.keys());
  }

  async watch(handle: (change: KeyValueChange) => void): Promise<{ stop(): void }> {
    const { bucket } = this.#config;
    const watch = new NatsKeyValueWatch(this.#connection, bucket, handle);
    await this.#inStore("watch", () => watch.start());
    return watch;
  }

  #check(key: string, value: Uint8Array): void {
    assertKey(key);
    const { bucket, valueBytesMax } = this.#config;
    if (value.length <= valueBytesMax()) return;
    throw payloadTooLarge(`${bucket}.${key}`, value.length, valueBytesMax());
  }

  #inStore<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    return inStore(this.#connection, { bucket: this.#config.bucket, action }, work);
  }
}

function isOtherRevision(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}
