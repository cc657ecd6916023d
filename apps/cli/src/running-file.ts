import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a `seedfleet up` leaves in its data directory while it runs, for commands beside it. */
export type RunningUp = {
  readonly pid: number;
  readonly adminUrl: string;
  /** Whether its bus is inside it. */
  readonly embedded: boolean;
};

function fileIn(dataDir: string): string {
  return join(dataDir, "running.json");
}

/** Says in the data directory that `up` runs; disposing takes that back. */
export async function sayRunning(dataDir: string, running: RunningUp): Promise<AsyncDisposable> {
  const file = fileIn(dataDir);
  const partial = `${file}.${randomBytes(4).toString("hex")}.partial`;
  await writeFile(partial, `${JSON.stringify(running)}\n`);
  await rename(partial, file);
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** The `up` that runs with this data directory, or was killed there; null where none said so. */
export async function readRunning(dataDir: string): Promise<RunningUp | null> {
  try {
    const { pid, adminUrl, embedded } = JSON.parse(await readFile(fileIn(dataDir), "utf8"));
    const isWhole = typeof pid === "number" && typeof embedded === "boolean";
    return isWhole && URL.canParse(adminUrl) ? { pid, adminUrl, embedded } : null;
  } catch {
    return null;
  }
}
