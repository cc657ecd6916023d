import type { DatabaseSync } from "node:sqlite";
import { closed, storeFailed } from "@seedfleet/bus";

export type Row = Readonly<Record<string, unknown>>;

/** Runs `work` on the database, and makes of its failures those of the bus. */
export function inStore<Result>(
  database: DatabaseSync,
  { bucket, action }: { readonly bucket: string; readonly action: string },
  work: () => Result,
): Result {
  if (!database.isOpen) throw closed();
  try {
    return work();
  } catch (error) {
    // SQLite's errors (a full disk, a broken file) carry its own code; all others are ours.
    if (error instanceof Error && "errcode" in error) throw storeFailed(bucket, action, error);
    throw error;
  }
}
