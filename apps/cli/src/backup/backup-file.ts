import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { errorMessage, SeedfleetError } from "@seedfleet/runtime";
import { BackupReader, type BackupRecord, BackupWriter } from "./backup-format.ts";

export type BackupFileDetail =
  | { readonly code: "backup-file-exists"; readonly file: string }
  | { readonly code: "backup-file-unusable"; readonly file: string };

/** Only whoever may read the fleet's users and their totals. */
const MODE = 0o600;

/**
 * Writes a backup, whole or not at all; gives the number of its records. Rejects with
 * `backup-file-exists` unless `force`, and with `backup-file-unusable`.
 */
export async function writeBackup(
  records: AsyncIterable<BackupRecord>,
  {
    file,
    force,
    nowMs,
  }: { readonly file: string; readonly force: boolean; readonly nowMs: number },
): Promise<number> {
  if (!force && existsSync(file)) throw fileExists(file);
  const partial = `${file}.${process.pid}.partial`;
  const writer = new BackupWriter();
  const output = createWriteStream(partial, { mode: MODE, flush: true });
  try {
    await once(output, "open");
    output.write(writer.head(nowMs));
    for await (const record of records) {
      if (!output.write(writer.record(record))) await once(output, "drain");
    }
    output.end(writer.end());
    await finished(output);
    await rename(partial, file);
    return writer.records;
  } catch (cause) {
    output.destroy();
    await rm(partial, { force: true });
    throw cause instanceof SeedfleetError ? cause : unusable(file, cause);
  }
}

/** Reads a whole backup and checks it; gives the number of its records. */
export async function checkBackup(file: string): Promise<number> {
  let records = 0;
  for await (const _ of readBackup(file)) records += 1;
  return records;
}

/**
 * The records of a backup. Rejects with `backup-invalid`, which may come at the end only, and with
 * `backup-file-unusable`.
 */
export async function* readBackup(file: string): AsyncGenerator<BackupRecord, void, void> {
  const reader = new BackupReader();
  const input = createReadStream(file);
  try {
    await once(input, "open");
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const record = reader.read(line);
      if (record !== null) yield record;
    }
    reader.close();
  } catch (cause) {
    throw cause instanceof SeedfleetError ? cause : unusable(file, cause);
  } finally {
    input.destroy();
  }
}

function fileExists(file: string): SeedfleetError<BackupFileDetail> {
  return new SeedfleetError(
    `Cannot write ${file}: it is there already; name another, or add --force`,
    { code: "backup-file-exists", file },
  );
}

function unusable(file: string, cause: unknown): SeedfleetError<BackupFileDetail> {
  return new SeedfleetError(
    `Cannot use ${file}: ${errorMessage(cause)}`,
    { code: "backup-file-unusable", file },
    cause,
  );
}
