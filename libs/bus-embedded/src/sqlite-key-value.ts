import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  assertKey,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  payloadTooLarge,
} from "@seedfleet/bus";
import type { DeliveryQueue } from "./delivery-queue.ts";
import { KeyValueWatch } from "./key-value-watch.ts";
import { inStore, type Row } from "./sqlite-store.ts";

/** A watch and a listing read so many rows at a time, and let others run in between. */
const PAGE_ROWS = 256;

/** One bucket in the database. Its revisions count its writes. */
export class SqliteKeyValue implements KeyValue {
  readonly #bucket: string;
  readonly #valueBytesMax: number;
  readonly #queue: DeliveryQueue;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #watches = new Set<KeyValueWatch>();

  constructor(
    ports: { readonly database: DatabaseSync; readonly queue: DeliveryQueue },
    { bucket, valueBytesMax }: { readonly bucket: string; readonly valueBytesMax: number },
  ) {
    this.#bucket = bucket;
    this.#valueBytesMax = valueBytesMax;
    this.#queue = ports.queue;
    this.#database = ports.database;
    this.#statements = prepareStatements(ports.database);
  }

  async get(key: string): Promise<KeyValueEntry | null> {
    assertKey(key);
    const row = this.#inStore("read", () => this.#statements.get.get(this.#bucket, key));
    const change = row === undefined ? null : changeOf(row);
    if (change?.kind !== "put") return null;
    return { key, value: change.value, revision: change.revision };
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    this.#check(key, value);
    return this.#transaction(() => this.#write(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    this.#check(key, value);
    return this.#transaction(() =>
      this.#revisionOf(key) === revision ? this.#write(key, value) : null,
    );
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    this.#transaction(() => (this.#revisionOf(key) === 0 ? null : this.#write(key, null)));
  }

  async *keys(): AsyncGenerator<string, void, void> {
    let after = "";
    while (true) {
      const rows = this.#inStore("list", () =>
        this.#statements.keys.all(this.#bucket, after, PAGE_ROWS),
      );
      for (const row of rows) yield String(row["key"]);
      if (rows.length < PAGE_ROWS) return;
      after = String(rows.at(-1)?.["key"]);
    }
  }

  async watch(handle: (change: KeyValueChange) => void): Promise<{ stop(): void }> {
    const last = this.#inStore("watch", () => this.#statements.last.get(this.#bucket));
    const watch = new KeyValueWatch(
      this.#queue,
      {
        pageRows: PAGE_ROWS,
        startRevision: Number(last?.["last"] ?? 0),
        read: (after) => this.#statements.changes.all(this.#bucket, after, PAGE_ROWS).map(changeOf),
      },
      handle,
    );
    this.#watches.add(watch);
    watch.wake();
    return {
      stop: () => {
        watch.stop();
        this.#watches.delete(watch);
      },
    };
  }

  stopWatches(): void {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
  }

  #check(key: string, value: Uint8Array): void {
    assertKey(key);
    if (value.length <= this.#valueBytesMax) return;
    throw payloadTooLarge(`${this.#bucket}.${key}`, value.length, this.#valueBytesMax);
  }

  /** The revision of what is there, or 0. */
  #revisionOf(key: string): number {
    const row = this.#statements.get.get(this.#bucket, key);
    return row === undefined || row["value"] === null ? 0 : Number(row["revision"]);
  }

  #write(key: string, value: Uint8Array | null): number {
    const revision = Number(this.#statements.next.get(this.#bucket)?.["last"]);
    this.#statements.put.run(this.#bucket, key, revision, value);
    for (const watch of this.#watches) watch.wake();
    return revision;
  }

  #transaction<Result>(work: () => Result): Result {
    return this.#inStore("write", () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #inStore<Result>(action: string, work: () => Result): Result {
    return inStore(this.#database, { bucket: this.#bucket, action }, work);
  }
}

type Statements = Readonly<
  Record<"get" | "put" | "last" | "next" | "keys" | "changes", StatementSync>
>;

function prepareStatements(database: DatabaseSync): Statements {
  return {
    get: database.prepare("SELECT key, revision, value FROM entry WHERE bucket = ? AND key = ?"),
    put: database.prepare(
      "INSERT INTO entry (bucket, key, revision, value) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET revision = excluded.revision, value = excluded.value",
    ),
    last: database.prepare("SELECT last FROM revision WHERE bucket = ?"),
    next: database.prepare(
      "INSERT INTO revision (bucket, last) VALUES (?, 1) " +
        "ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
    ),
    keys: database.prepare(
      "SELECT key FROM entry WHERE bucket = ? AND key > ? AND value IS NOT NULL " +
        "ORDER BY key LIMIT ?",
    ),
    changes: database.prepare(
      "SELECT key, revision, value FROM entry WHERE bucket = ? AND revision > ? " +
        "ORDER BY revision LIMIT ?",
    ),
  };
}

function changeOf(row: Row): Exclude<KeyValueChange, { readonly kind: "initialised" }> {
  const key = String(row["key"]);
  const revision = Number(row["revision"]);
  const value = row["value"];
  if (value instanceof Uint8Array) return { kind: "put", key, value, revision };
  return { kind: "delete", key, revision };
}
