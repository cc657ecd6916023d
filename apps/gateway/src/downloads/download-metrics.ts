import type { Meter } from "@seedfleet/telemetry";
import type { Downloads } from "./downloads.ts";
import type { WriteOutcome } from "./piece-writes.ts";

/** Counts what became of a whole piece that a store was given. */
export type CountWrite = (outcome: WriteOutcome["kind"]) => void;

export function countWrites(meter: Meter): CountWrite {
  const pieces = meter.counter(
    "seedfleet_gateway_downloaded_pieces",
    "Whole pieces that were given to a piece-store, by outcome",
  );
  return (outcome) => pieces.add(1, { outcome });
}

/** What downloads know anyway, read when somebody looks. */
export function showDownloads(
  meter: Meter,
  downloads: Pick<
    Downloads,
    "count" | "haltedCount" | "downloadedBytes" | "wastedBytes" | "announcedCount" | "memoryBytes"
  >,
): void {
  meter.gauge(
    "seedfleet_gateway_mirrors",
    "Mirrors that this gateway takes part in",
    () => downloads.count,
  );
  meter.gauge(
    "seedfleet_gateway_mirrors_halted",
    "Mirrors among them that cannot go on now",
    () => downloads.haltedCount,
  );
  meter.gauge(
    "seedfleet_gateway_announced_seeds",
    "Mirrors that are whole and that this gateway announces to their swarms",
    () => downloads.announcedCount,
  );
  meter.gauge(
    "seedfleet_gateway_download_memory_bytes",
    "Memory of pieces that are begun and not stored",
    () => downloads.memoryBytes,
  );
  meter.total(
    "seedfleet_gateway_downloaded_bytes",
    "Bytes of blocks that came for mirrors",
    () => downloads.downloadedBytes,
  );
  meter.total(
    "seedfleet_gateway_wasted_bytes",
    "Bytes among them that came twice, or were not what they should be",
    () => downloads.wastedBytes,
  );
}
