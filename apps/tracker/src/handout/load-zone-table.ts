import { readFile, stat } from "node:fs/promises";
import { errorMessage, SeedfleetError } from "@seedfleet/runtime";
import { parseZoneTable } from "./parse-zone-table.ts";
import type { ZoneTable } from "./zone-table.ts";

/** As many rows as there may be, of 160 characters each: a wrong file is not read whole. */
export const ZONES_FILE_BYTES_MAX: number = 16 * 1024 * 1024;

export type ZonesFileUnreadable = { readonly code: "zones-file-unreadable"; readonly file: string };

/**
 * Reads a table of zones from a file. Throws `zones-file-unreadable`, or `zone-row-invalid` on the
 * first line that is wrong.
 */
export async function loadZoneTable(file: string): Promise<ZoneTable> {
  return parseZoneTable(await textOf(file));
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= ZONES_FILE_BYTES_MAX) return await readFile(file, "utf8");
  } catch (cause) {
    throw unreadable(file, errorMessage(cause), cause);
  }
  throw unreadable(file, `it is longer than ${ZONES_FILE_BYTES_MAX} bytes`);
}

function unreadable(
  file: string,
  why: string,
  cause?: unknown,
): SeedfleetError<ZonesFileUnreadable> {
  return new SeedfleetError(
    `Cannot read the zones in ${file} (SEEDFLEET_TRACKER_ZONES_FILE): ${why}`,
    { code: "zones-file-unreadable", file },
    cause,
  );
}
