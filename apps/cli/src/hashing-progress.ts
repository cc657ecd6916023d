import { formatBytes, formatDuration } from "./format.ts";
import { printable } from "./printable.ts";

const BAR_WIDTH = 24;

/** With the rest of the line this still fits a terminal of 100 columns, which must not wrap it. */
const NAME_LENGTH_MAX = 32;

export type HashingProgress = {
  readonly name: string;
  readonly hashedBytes: number;
  readonly totalBytes: number;
};

/** How fast, and how long still, from the progress so far. */
export function hashingPace(
  { hashedBytes, totalBytes }: HashingProgress,
  elapsedMs: number,
): { readonly bytesPerSecond: number; readonly remainingMs: number | null } {
  const bytesPerSecond = elapsedMs > 0 ? (hashedBytes * 1_000) / elapsedMs : 0;
  const remainingMs =
    bytesPerSecond > 0 ? ((totalBytes - hashedBytes) * 1_000) / bytesPerSecond : null;
  return { bytesPerSecond, remainingMs };
}

/** One line: `Hashing debian [######      ]  25 %  1.8 GB/s  12 s left`. */
export function hashingLine(progress: HashingProgress, elapsedMs: number): string {
  const { name, hashedBytes, totalBytes } = progress;
  // Until the files are listed there is no total.
  const share = totalBytes > 0 ? hashedBytes / totalBytes : 0;
  const bar = "#".repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
  const { bytesPerSecond, remainingMs } = hashingPace(progress, elapsedMs);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const left = remainingMs === null ? "" : `  ${formatDuration(remainingMs)} left`;
  const cut = name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX - 1)}…` : name;
  const shown = printable(cut);
  return `Hashing ${shown} [${bar}] ${percent} %  ${formatBytes(bytesPerSecond)}/s${left}`;
}
