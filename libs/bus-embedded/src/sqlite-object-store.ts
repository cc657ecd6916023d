import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assertObjectName, type FoundObject, type ObjectStore } from "@seedfleet/bus";
import { inStore } from "./sqlite-store.ts";

/** Named byte strings in the database, one row each. */
export class SqliteObjectStore implements ObjectStore {
  readonly #bucket: string;
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync, bucket: string) {
    this.#bucket = bucket;
    this.#database = database;
    this.#get = database.prepare("SELECT value FROM object WHERE bucket = ? AND name = ?");
    this.#put = database.prepare(
      "INSERT INTO object (bucket, name, value) VALUES (?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM object WHERE bucket = ? AND name = ?");
  }

  async get(name: string): Promise<Uint8Array | null> {
    assertObjectName(name);
    const value = this.#inStore("read", () => this.#get.get(this.#bucket, name)?.["value"]);
    return value instanceof Uint8Array ? value : null;
  }

  async find(name: string): Promise<FoundObject | null> {
    const isThere = (await this.get(name)) !== null;
    return isThere ? { read: () => this.get(name) } : null;
  }

  async put(name: string, value: Uint8Array): Promise<void> {
    assertObjectName(name);
    this.#inStore("write", () => this.#put.run(this.#bucket, name, value));
  }

  async delete(name: string): Promise<void> {
    assertObjectName(name);
    this.#inStore("delete", () => this.#delete.run(this.#bucket, name));
  }

  #inStore<Result>(action: string, work: () => Result): Result {
    return inStore(this.#database, { bucket: this.#bucket, action }, work);
  }
}
