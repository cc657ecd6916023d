import { jetstream, StorageType } from "@nats-io/jetstream";
import { type ObjectStore as NatsObjects, Objm } from "@nats-io/obj";
import { assertBucket, assertObjectName, type ObjectStore, timedOut } from "@seedfleet/bus";
import { type Connection, inStore } from "./connection.ts";

/**
 * The client waits for the chunks of an object without a limit, also when another has replaced it
 * meanwhile and they will never come.
 */
const READ_TIMEOUT_MS = 30_000;

/** Opens an object store of JetStream, and makes it if it is not there. */
export async function openNatsObjectStore(
  connection: Connection,
  bucket: string,
): Promise<ObjectStore> {
  assertBucket(bucket);
  const store = await inStore(connection, { bucket, action: "open" }, () =>
    new Objm(jetstream(connection.nats)).create(bucket, {
      storage: StorageType.File,
      replicas: connection.replicas,
    }),
  );
  return new NatsObjectStore(connection, bucket, store);
}

class NatsObjectStore implements ObjectStore {
  readonly #connection: Connection;
  readonly #bucket: string;
  readonly #store: NatsObjects;

  constructor(connection: Connection, bucket: string, store: NatsObjects) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#store = store;
  }

  async get(name: string): Promise<Uint8Array | null> {
    assertObjectName(name);
    return await this.#inStore("read", async () => {
      const late = Promise.withResolvers<never>();
      const cancelTimer = this.#connection.clock.after(READ_TIMEOUT_MS, () =>
        late.reject(timedOut(this.#bucket, READ_TIMEOUT_MS)),
      );
      return await Promise.race([this.#store.getBlob(name), late.promise]).finally(cancelTimer);
    });
  }

  async put(name: string, value: Uint8Array): Promise<void> {
    assertObjectName(name);
    await this.#inStore("write", () => this.#store.putBlob({ name }, value));
  }

  async delete(name: string): Promise<void> {
    assertObjectName(name);
    await this.#inStore("delete", () => this.#store.delete(name));
  }

  #inStore<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    return inStore(this.#connection, { bucket: this.#bucket, action }, work);
  }
}
