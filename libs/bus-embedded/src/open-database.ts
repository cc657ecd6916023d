import { DatabaseSync } from "node:sqlite";
import { errorMessage } from "@seedfleet/runtime";
import { dataDirectoryInUse, dataFileUnusable } from "./errors.ts";

/** The layout below; a file of a later one is not ours to touch. */
const LAYOUT_VERSION = 1;

const SQLITE_BUSY = 5;

// A deleted key keeps its row, without a value, so that a watcher learns of it in its turn. Which
// jobs are with a worker is not kept: after a crash they are all to be handed out again.
const LAYOUT = `
  CREATE TABLE IF NOT EXISTS revision (bucket TEXT PRIMARY KEY, last INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS entry (
    bucket TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value BLOB,
    UNIQUE (bucket, key)
  );
  CREATE UNIQUE INDEX IF NOT EXISTS entry_by_revision ON entry (bucket, revision);
  CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (bucket, name)
  );
  CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, lane TEXT NOT NULL,
    attempt INTEGER NOT NULL, due_ms INTEGER NOT NULL, payload BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS job_by_lane ON job (queue, lane, id);
  DELETE FROM entry WHERE value IS NULL;
  PRAGMA user_version = ${LAYOUT_VERSION};
`;

/**
 * Opens the file of a data directory, for this process alone: the lock is taken by the first
 * transaction, held until the database is closed, and freed by the system if the process dies.
 */
export function openDatabase(file: string | null): DatabaseSync {
  const name = file ?? ":memory:";
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(name);
    // Without shared memory, which the exclusive lock spares, WAL works on any file system.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec("PRAGMA synchronous = FULL;");
    const found = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (typeof found !== "number" || found > LAYOUT_VERSION) {
      throw dataFileUnusable(name, `its layout is ${found}, not ${LAYOUT_VERSION}`);
    }
    // Nobody watches yet, so deletions need not be remembered.
    database.exec(`BEGIN IMMEDIATE; ${LAYOUT} COMMIT;`);
    return database;
  } catch (error) {
    database?.close();
    throw isBusy(error) ? dataDirectoryInUse(name, error) : asUnusable(name, error);
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? error.errcode : null;
  // The low byte is the primary result code; the rest says how.
  return typeof code === "number" && (code & 0xff) === SQLITE_BUSY;
}

function asUnusable(file: string, error: unknown): unknown {
  if (error instanceof Error && "errcode" in error) {
    return dataFileUnusable(file, errorMessage(error), error);
  }
  return error;
}
