import { type Spread, spreadOf } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { Served } from "./simulate.ts";
import type { TraceName } from "./traces.ts";

/** What one contender did with one trace, for each seed. */
export type EvictionRuns = {
  readonly trace: TraceName;
  readonly contender: string;
  readonly runs: readonly Served[];
};

export type EvictionFigure = EvictionRuns & {
  readonly hitRatio: Spread;
};

export type EvictionReport = {
  readonly bench: "eviction";
  readonly cacheBytes: number;
  readonly batchCount: number;
  readonly runs: number;
  readonly figures: readonly EvictionFigure[];
};

/**
 * The share of the bytes served for which none were read from the store. Below zero where pieces
 * are forgotten while they are being downloaded, so that more is read than is served.
 */
export function hitRatio({ servedBytes, broughtBytes }: Served): number {
  return 1 - broughtBytes / servedBytes;
}

export function evictionFigures(measured: readonly EvictionRuns[]): readonly EvictionFigure[] {
  return measured.map((each) => ({ ...each, hitRatio: spreadOf(each.runs.map(hitRatio)) }));
}

/** The report for a person: a line for each trace, the median of its seeds for each contender. */
export function evictionTable({ figures, ...report }: EvictionReport): string {
  const contenders = [...new Set(figures.map(({ contender }) => contender))];
  const traces = [...new Set(figures.map(({ trace }) => trace))];
  const rows = traces.map((trace) => [
    trace,
    ...contenders.map((contender) => {
      const figure = figures.find((each) => each.trace === trace && each.contender === contender);
      return figure === undefined ? "" : (figure.hitRatio.median * 100).toFixed(1);
    }),
  ]);
  const columns = contenders.map((title) => ({ title, align: "right" as const }));
  const mib = report.cacheBytes / 1024 / 1024;
  return `eviction: per cent of bytes served that were not read for it, cache of ${mib} MiB
${report.batchCount} batches a trace, median of ${report.runs} seeds

${textTable([{ title: "trace", align: "left" }, ...columns], rows)}`;
}
