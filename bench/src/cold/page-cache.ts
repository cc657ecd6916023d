import { readFileSync } from "node:fs";
import { BenchError } from "../bench-error.ts";

const MIB = 1024 * 1024;

/** What the seeders, their caches and the load take besides. */
const ROOM_MIB = 2_048;

/**
 * Refuses content that the page cache has no room for: then the disk would be measured, and whoever
 * comes second would find what the first has read.
 */
export function checkPageCache(sizeMib: number): void {
  const availableMib = availableBytes(readFileSync("/proc/meminfo", "utf8")) / MIB;
  if (availableMib >= sizeMib + ROOM_MIB) return;
  throw new BenchError(
    `${sizeMib} MiB of content and ${ROOM_MIB} MiB besides do not fit into the \
${availableMib.toFixed(0)} MiB of memory that are available: take less with --size-mb`,
  );
}

/** What programs may still take, page cache included, by the text of `/proc/meminfo`. */
export function availableBytes(meminfo: string): number {
  const [, value] = /^MemAvailable:\s*(\d+) kB$/m.exec(meminfo) ?? [];
  if (value === undefined) throw new BenchError("there is no MemAvailable in /proc/meminfo");
  return Number(value) * 1024;
}
