import { usageError } from "./usage-error.ts";

/** Throws `usage` for what is no port; 0 takes a free one. */
export function portValue(flag: string, value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : -1;
  if (number >= 0 && number <= 65_535) return number;
  throw usageError(`${flag} is a port from 1 to 65535, or 0 for a free one, not "${value}"`);
}

/** Throws `usage` for no directory at all. */
export function dataDirectoryValue(value: string): string {
  if (value !== "") return value;
  throw usageError("--data-dir is a directory, and must not be empty");
}

/** The URL of a fleet's bus, or null for the embedded one. */
export function busValue(value: string): string | null {
  if (value === "embedded") return null;
  if (/^(nats|tls):\/\/./.test(value) && URL.canParse(value)) return value;
  throw usageError(`--bus is embedded or nats://HOST:PORT, not "${value}"`);
}

/** A number of threads; null where none is given. */
export function workersValue(value: string | undefined, workersMax: number): number | null {
  if (value === undefined) return null;
  const count = /^\d{1,2}$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= workersMax) return count;
  throw usageError(`--workers is a number from 1 to ${workersMax}, not "${value}"`);
}
