import { createHash } from "node:crypto";
import {
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  StorageType,
} from "@nats-io/jetstream";
import { type ObjectStore as NatsObjects, type ObjectInfo, Objm } from "@nats-io/obj";
import {
  assertBucket,
  assertObjectName,
  type FoundObject,
  type ObjectStore,
  timedOut,
} from "@seedfleet/bus";
import { type Connection, inStore } from "./connection.ts";
import { openInStore } from "./open-in-store.ts";

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
  const store = await openInStore(connection, bucket, () =>
    new Objm(jetstream(connection.nats)).create(bucket, {
      storage: StorageType.File,
      replicas: connection.replicas,
    }),
  );
  const { streams } = await jetstreamManager(connection.nats, { checkAPI: false });
  return new NatsObjectStore(connection, { bucket, store, streams });
}

type Opened = {
  readonly bucket: string;
  readonly store: NatsObjects;
  readonly streams: JetStreamManager["streams"];
};

class NatsObjectStore implements ObjectStore {
  readonly #connection: Connection;
  readonly #bucket: string;
  readonly #store: NatsObjects;
  readonly #streams: JetStreamManager["streams"];

  constructor(connection: Connection, { bucket, store, streams }: Opened) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#store = store;
    this.#streams = streams;
  }

  async get(name: string): Promise<Uint8Array | null> {
    const info = await this.#info(name);
    if (info === null) return null;
    return await this.#inStore("read", async () => {
      return (await this.#onlyChunk(info)) ?? (await this.#blob(name));
    });
  }

  async find(name: string): Promise<FoundObject | null> {
    const info = await this.#info(name);
    if (info === null) return null;
    const { chunks } = info;
    return {
      read: () =>
        chunks === 1 ? this.#inStore("read", () => this.#onlyChunk(info)) : this.get(name),
    };
  }

  async #info(name: string): Promise<ObjectInfo | null> {
    assertObjectName(name);
    const info = await this.#inStore("read", () => this.#store.info(name));
    return info === null || info.deleted ? null : info;
  }

  /**
   * Most objects have one chunk, which is read by one request. The client makes a consumer for any,
   * which takes several times as long. Null if there are more, or none, or others by now.
   */
  async #onlyChunk({ chunks, nuid, digest }: ObjectInfo): Promise<Uint8Array | null> {
    if (chunks !== 1) return null;
    const chunk = await this.#streams.getMessage(`OBJ_${this.#bucket}`, {
      last_by_subj: `$O.${this.#bucket}.C.${nuid}`,
    });
    if (chunk === null) return null;
    const sha256 = createHash("sha256").update(chunk.data).digest("base64url");
    return digest.replace(/=+$/, "") === `SHA-256=${sha256}` ? chunk.data : null;
  }

  async #blob(name: string): Promise<Uint8Array | null> {
    const late = Promise.withResolvers<never>();
    const cancelTimer = this.#connection.clock.after(READ_TIMEOUT_MS, () =>
      late.reject(timedOut(this.#bucket, READ_TIMEOUT_MS)),
    );
    return await Promise.race([this.#store.getBlob(name), late.promise]).finally(cancelTimer);
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
