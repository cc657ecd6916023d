/** Largest first, so that a value is written in the largest unit that divides it. */
type Units = readonly (readonly [unit: string, size: number])[];

const BYTE_UNITS: Units = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
  ["", 1],
];

const DURATION_UNITS: Units = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
  ["", 1],
];

/** `65536` or `64KiB`: 65536. Null for anything else or more than a safe integer. */
export function parseBytes(text: string): number | null {
  return parseQuantity(text, BYTE_UNITS);
}

/** The shortest text that `parseBytes` reads back as `value`. */
export function formatBytes(value: number): string {
  return formatQuantity(value, BYTE_UNITS);
}

/** `1500`, `1500ms` or `2h`, in milliseconds. Null for anything else. */
export function parseDurationMs(text: string): number | null {
  return parseQuantity(text, DURATION_UNITS);
}

/** The shortest text that `parseDurationMs` reads back as `valueMs`. */
export function formatDurationMs(valueMs: number): string {
  return formatQuantity(valueMs, DURATION_UNITS);
}

function parseQuantity(text: string, units: Units): number | null {
  const parts = /^(\d{1,16})([A-Za-z]*)$/.exec(text);
  const size = units.find(([unit]) => unit === parts?.[2])?.[1];
  if (parts === null || size === undefined) return null;
  const value = Number(parts[1]) * size;
  return Number.isSafeInteger(value) ? value : null;
}

function formatQuantity(value: number, units: Units): string {
  const [unit, size] = units.find(([, size]) => value >= size && value % size === 0) ?? ["", 1];
  return `${value / size}${unit}`;
}
