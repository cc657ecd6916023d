import type { Measured } from "../load/measured.ts";
import { type Machine, machineText } from "../machine.ts";
import { ratioSpread, type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";

const MIB = 1024 * 1024;

/** The runs of one seeder with so many connections. */
export type SeederRuns = {
  readonly name: string;
  readonly connections: number;
  readonly runs: readonly Measured[];
};

/** What the reports of seeders side by side have in common. */
export type ServingReport = {
  readonly at: string;
  readonly machine: Machine;
  readonly seeders: readonly { readonly name: string; readonly version: string }[];
  /** What was asked for and could not be measured. */
  readonly missing: readonly string[];
  readonly figures: readonly SeederFigures[];
};

export type SeederFigures = {
  readonly name: string;
  readonly connections: number;
  readonly mbPerCpuSecond: Spread;
  readonly mbPerSecond: Spread;
  /** The share of the server's CPU time that was the kernel's. */
  readonly systemShare: Spread;
  /** The share of the machine that others took meanwhile. */
  readonly othersShare: Spread;
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  /** What all runs together had read from disks. */
  readonly diskReadBytes: number;
  /** MB per CPU-second of the first seeder over this one's, run by run; null for the first. */
  readonly firstOverThis: Spread | null;
  readonly runs: readonly Measured[];
};

/** Figures of every seeder and count of connections; the first seeder of each count is `first`. */
export function servingFigures(
  measured: readonly SeederRuns[],
  { cores }: Pick<Machine, "cores">,
): readonly SeederFigures[] {
  return measured.map(({ name, connections, runs }) => {
    const first = measured.find((each) => each.connections === connections);
    const perCpuSecond = runs.map(mbPerCpuSecond);
    return {
      name,
      connections,
      mbPerCpuSecond: spreadOf(perCpuSecond),
      mbPerSecond: spreadOf(
        runs.map(({ receivedBytes, wallSeconds }) => receivedBytes / 1e6 / wallSeconds),
      ),
      systemShare: spreadOf(
        runs.map(({ serverCpuSeconds: { user, system } }) => system / (user + system)),
      ),
      othersShare: spreadOf(
        runs.map(({ otherCpuSeconds, wallSeconds }) => otherCpuSeconds / wallSeconds / cores),
      ),
      residentBytes: Math.max(...runs.map(({ serverResidentBytes }) => serverResidentBytes.total)),
      anonymousBytes: Math.max(
        ...runs.map(({ serverResidentBytes }) => serverResidentBytes.anonymous),
      ),
      diskReadBytes: runs.reduce((sum, { serverDiskReadBytes }) => sum + serverDiskReadBytes, 0),
      firstOverThis:
        first === undefined || first.name === name
          ? null
          : ratioSpread(first.runs.map(mbPerCpuSecond), perCpuSecond),
      runs,
    };
  });
}

export function mbPerCpuSecond({ receivedBytes, serverCpuSeconds }: Measured): number {
  return receivedBytes / 1e6 / (serverCpuSeconds.user + serverCpuSeconds.system);
}

/** The figures for a person: median (lowest–highest) of the runs. */
export function servingTable({ at, machine, ...report }: ServingReport): string {
  const first = report.seeders[0]?.name ?? "";
  const rows = report.figures.map((figures) => [
    figures.name === first ? String(figures.connections) : "",
    figures.name,
    spreadText(figures.mbPerCpuSecond, 0),
    spreadText(figures.mbPerSecond, 0),
    percent(figures.systemShare),
    percent(figures.othersShare),
    (figures.residentBytes / MIB).toFixed(0),
    (figures.anonymousBytes / MIB).toFixed(0),
    figures.firstOverThis === null ? "" : spreadText(figures.firstOverThis, 2),
  ]);
  const table = textTable(
    [
      { title: "connections", align: "right" },
      { title: "seeder", align: "left" },
      { title: "MB per CPU-second", align: "left" },
      { title: "MB/s", align: "left" },
      { title: "kernel", align: "right" },
      { title: "others", align: "right" },
      { title: "RSS MiB", align: "right" },
      { title: "anon MiB", align: "right" },
      { title: `${first} is × this`, align: "left" },
    ],
    rows,
  );
  const seeders = report.seeders.map(({ name, version }) => `${name} (${version})`).join(", ");
  return `${machineText(at, machine)}
${seeders}

${table}${report.missing.map((line) => `\n${line}\n`).join("")}`;
}

function percent({ median }: Spread): string {
  return `${(100 * median).toFixed(0)} %`;
}
