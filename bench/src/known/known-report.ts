import type { Machine } from "../machine.ts";
import { type Spread, spreadOf } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { KnownCase } from "./known-options.ts";
import type { Started } from "./known-start.ts";

const MIB = 1024 * 1024;

/** The starts of one case, all with as many torrents. */
export type KnownRuns = {
  readonly case: KnownCase;
  readonly torrents: number;
  readonly runs: readonly Started[];
};

export type KnownFigures = KnownRuns & {
  readonly readySeconds: Spread;
  readonly cpuSeconds: Spread;
  readonly toldSeconds: Spread | null;
  readonly residentBytes: number;
};

export type KnownReport = {
  readonly bench: "known";
  readonly at: string;
  readonly machine: Machine;
  readonly runs: number;
  /** What was asked for and could not be measured. */
  readonly missing: readonly string[];
  readonly figures: readonly KnownFigures[];
};

export function knownFigures(measured: readonly KnownRuns[]): readonly KnownFigures[] {
  return measured.map((each) => {
    const told = each.runs.flatMap(({ toldSeconds }) => toldSeconds ?? []);
    return {
      ...each,
      readySeconds: spreadOf(each.runs.map(({ readySeconds }) => readySeconds)),
      cpuSeconds: spreadOf(each.runs.map(({ cpuSeconds }) => cpuSeconds)),
      toldSeconds: told.length === 0 ? null : spreadOf(told),
      residentBytes: Math.max(...each.runs.map(({ residentBytes }) => residentBytes)),
    };
  });
}

/** The report for a person: median (lowest–highest) of the starts. */
export function knownTable({ machine, figures, ...report }: KnownReport): string {
  const rows = figures.map((figure) => [
    figure.case,
    String(figure.torrents),
    spread(figure.readySeconds),
    spread(figure.cpuSeconds),
    figure.toldSeconds === null ? "" : spread(figure.toldSeconds),
    String(Math.max(...figure.runs.map(({ hashedBytes }) => hashedBytes))),
    (figure.residentBytes / MIB).toFixed(0),
  ]);
  const table = textTable(
    [
      { title: "process", align: "left" },
      { title: "torrents", align: "right" },
      { title: "seconds to ready", align: "left" },
      { title: "CPU-seconds", align: "left" },
      { title: "seconds to told", align: "left" },
      { title: "hashed bytes", align: "right" },
      { title: "RSS MiB", align: "right" },
    ],
    rows,
  );
  return `known: from the start of the process, ${report.runs} starts of each, a warm page cache
${report.at}, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}

${table}${report.missing.map((line) => `\n${line}\n`).join("")}`;
}

function spread({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
