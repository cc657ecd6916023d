import assert from "node:assert/strict";

/** The value that `percent` of all values do not exceed (nearest rank). At least one value. */
export function percentile(values: readonly number[], percent: number): number {
  assert(values.length > 0 && percent > 0 && percent <= 100);
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}
