import assert from "node:assert/strict";

/** What several runs of one measurement gave. */
export type Spread = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
};

/** The median and how far the runs lie apart. At least one value. */
export function spreadOf(values: readonly number[]): Spread {
  assert(values.length > 0);
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? 0);
  return { median: (lower + upper) / 2, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/**
 * The spread of a/b, run by run. What disturbs the machine for a while disturbs both of a pair, so
 * that the median of the ratios is steadier than the ratio of the medians.
 */
export function ratioSpread(of: readonly number[], to: readonly number[]): Spread {
  assert.equal(of.length, to.length);
  return spreadOf(of.map((value, run) => value / (to[run] ?? Number.NaN)));
}

/** `median (lowest–highest)`. */
export function spreadText({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
