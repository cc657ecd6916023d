import type { Measured } from "../load/measured.ts";
import { type Machine, machineText } from "../machine.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";

export type LimitKind = "gateway" | "torrent" | "peer";

/** The runs of one limit. */
export type LimitRuns = {
  readonly of: LimitKind;
  readonly workers: number;
  /** What all connections together may have. */
  readonly limitBytesPerSecond: number;
  readonly runs: readonly Measured[];
};

export type LimitFigures = Omit<LimitRuns, "runs"> & {
  readonly bytesPerSecond: Spread;
  /** How far the rate was from the limit; below it is negative. */
  readonly error: Spread;
  /** Jain's index of the connections' bytes. */
  readonly fairness: Spread;
};

/** A torrent of a class that was promised something, beside a crowd at another. */
export type PromiseRuns = {
  readonly workers: number;
  readonly promise: number;
  readonly limitBytesPerSecond: number;
  readonly runs: readonly { readonly promised: Measured; readonly crowd: Measured }[];
};

export type PromiseFigures = Omit<PromiseRuns, "runs"> & {
  /** Of the bytes, the promised torrent's. */
  readonly share: Spread;
  readonly error: Spread;
};

export type LimitsReport = {
  readonly at: string;
  readonly machine: Machine;
  readonly connections: number;
  readonly limits: readonly LimitFigures[];
  readonly crowd: number;
  readonly promises: readonly PromiseFigures[];
};

/** 1 where all have the same, 1/n where one of n has all (Jain, Chiu, Hawe 1984). */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

export function limitFigures({ runs, ...limit }: LimitRuns): LimitFigures {
  const rates = runs.map(bytesPerSecond);
  return {
    ...limit,
    bytesPerSecond: spreadOf(rates),
    error: spreadOf(rates.map((rate) => rate / limit.limitBytesPerSecond - 1)),
    fairness: spreadOf(runs.map(({ receivedBytesEach }) => jainIndex(receivedBytesEach))),
  };
}

export function promiseFigures({ runs, ...promise }: PromiseRuns): PromiseFigures {
  const rates = runs.map(({ promised, crowd }) => ({
    promised: bytesPerSecond(promised),
    all: bytesPerSecond(promised) + bytesPerSecond(crowd),
  }));
  return {
    ...promise,
    share: spreadOf(rates.map(({ promised, all }) => promised / all)),
    error: spreadOf(rates.map(({ all }) => all / promise.limitBytesPerSecond - 1)),
  };
}

/** The figures for a person: median (lowest–highest) of the runs. */
export function limitsTable({ at, machine, ...report }: LimitsReport): string {
  const limits = textTable(
    [
      { title: "limit of", align: "left" },
      { title: "workers", align: "right" },
      { title: "limit MB/s", align: "right" },
      { title: "MB/s", align: "left" },
      { title: "error %", align: "left" },
      { title: "fairness", align: "left" },
    ],
    report.limits.map(({ of, workers, limitBytesPerSecond, ...figures }) => [
      ...[of, String(workers), megabytes(limitBytesPerSecond)],
      spreadText(scaled(figures.bytesPerSecond, 1e-6), 2),
      spreadText(scaled(figures.error, 100), 2),
      spreadText(figures.fairness, 4),
    ]),
  );
  const promises = textTable(
    [
      { title: "promised", align: "right" },
      { title: "workers", align: "right" },
      { title: "limit MB/s", align: "right" },
      { title: "share", align: "left" },
      { title: "error % of all", align: "left" },
    ],
    report.promises.map(({ promise, workers, limitBytesPerSecond, share, error }) => [
      ...[promise.toFixed(3), String(workers), megabytes(limitBytesPerSecond)],
      ...[spreadText(share, 3), spreadText(scaled(error, 100), 2)],
    ]),
  );
  return `${machineText(at, machine)}

${report.connections} connections:
${limits}
1 connection at a torrent of a promised class, ${report.crowd} at another torrent:
${promises}`;
}

function bytesPerSecond({ receivedBytes, wallSeconds }: Measured): number {
  return receivedBytes / wallSeconds;
}

function scaled({ median, min, max }: Spread, by: number): Spread {
  return { median: median * by, min: min * by, max: max * by };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
