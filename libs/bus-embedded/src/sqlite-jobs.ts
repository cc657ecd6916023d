import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inStore } from "./sqlite-store.ts";

/** A job that has been handed out, this once more. */
export type TakenJob = {
  readonly id: number;
  readonly payload: Uint8Array;
  readonly attempt: number;
};

/** The jobs of one queue in the database, in the order they came. Each write is a commit. */
export class SqliteJobs {
  readonly #queue: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, queue: string) {
    this.#queue = queue;
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  /** Throws `bus-closed`. */
  checkOpen(): void {
    this.#inStore("open", () => {});
  }

  add(lane: string, payload: Uint8Array): void {
    this.#inStore("enqueue", () => this.#statements.add.run(this.#queue, lane, payload));
  }

  /** The first job that is due and not `atHand`, counted as handed out once more. */
  take(lane: string, atHand: ReadonlySet<number>, nowMs: number): TakenJob | null {
    return this.#inStore("hand out a job", () => {
      const id = this.#firstDue(lane, atHand, nowMs);
      const row = id === null ? undefined : this.#statements.take.get(id);
      const payload = row?.["payload"];
      if (id === null || !(payload instanceof Uint8Array)) return null;
      return { id, payload, attempt: Number(row?.["attempt"]) };
    });
  }

  /** When the next job that is not due yet will be. */
  nextDueMs(lane: string, nowMs: number): number | null {
    const row = this.#inStore("read", () => this.#statements.nextDue.get(this.#queue, lane, nowMs));
    return typeof row?.["due_ms"] === "number" ? row["due_ms"] : null;
  }

  remove(id: number): void {
    this.#inStore("finish a job", () => this.#statements.remove.run(id));
  }

  delay(id: number, dueMs: number): void {
    this.#inStore("delay a job", () => this.#statements.delay.run(dueMs, id));
  }

  /** No job waits longer than until `dueMs`, also when the machine's clock was set back. */
  boundDelays(dueMs: number): void {
    this.#inStore("open", () => this.#statements.boundDelays.run(dueMs, this.#queue, dueMs));
  }

  #firstDue(lane: string, atHand: ReadonlySet<number>, nowMs: number): number | null {
    for (const row of this.#statements.due.iterate(this.#queue, lane, nowMs)) {
      const id = Number(row["id"]);
      if (!atHand.has(id)) return id;
    }
    return null;
  }

  #inStore<Result>(action: string, work: () => Result): Result {
    return inStore(this.#database, { bucket: this.#queue, action }, work);
  }
}

type Statements = Readonly<
  Record<"add" | "due" | "take" | "nextDue" | "remove" | "delay" | "boundDelays", StatementSync>
>;

function prepareStatements(database: DatabaseSync): Statements {
  return {
    add: database.prepare(
      "INSERT INTO job (queue, lane, payload, attempt, due_ms) VALUES (?, ?, ?, 0, 0)",
    ),
    due: database.prepare(
      "SELECT id FROM job WHERE queue = ? AND lane = ? AND due_ms <= ? ORDER BY id",
    ),
    take: database.prepare(
      "UPDATE job SET attempt = attempt + 1 WHERE id = ? RETURNING payload, attempt",
    ),
    nextDue: database.prepare(
      "SELECT min(due_ms) AS due_ms FROM job WHERE queue = ? AND lane = ? AND due_ms > ?",
    ),
    remove: database.prepare("DELETE FROM job WHERE id = ?"),
    delay: database.prepare("UPDATE job SET due_ms = ? WHERE id = ?"),
    boundDelays: database.prepare("UPDATE job SET due_ms = ? WHERE queue = ? AND due_ms > ?"),
  };
}
