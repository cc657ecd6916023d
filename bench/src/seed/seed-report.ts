import type { Machine } from "../machine.ts";
import { ratioSpread, type Spread, spreadOf } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { Measured } from "./load-spec.ts";

const MIB = 1024 * 1024;

/** The runs of one seeder with so many connections. */
export type SeederRuns = {
  readonly name: string;
  readonly connections: number;
  readonly runs: readonly Measured[];
};

export type SeedReport = {
  readonly bench: "seed";
  readonly at: string;
  readonly machine: Machine;
  readonly content: { readonly sizeBytes: number };
  readonly load: {
    readonly runs: number;
    readonly seconds: number;
    readonly pipeline: number;
  };
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
  /** MB per CPU-second of the first seeder over this one's, run by run; null for the first. */
  readonly firstOverThis: Spread | null;
  readonly runs: readonly Measured[];
};

/** Figures of every seeder and count of connections; the first seeder of each count is `first`. */
export function seedFigures(
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

/** The report for a person: median (lowest–highest) of the runs. */
export function seedTable({ machine, content, load, ...report }: SeedReport): string {
  const first = report.seeders[0]?.name ?? "";
  const rows = report.figures.map((figures) => [
    figures.name === first ? String(figures.connections) : "",
    figures.name,
    spread(figures.mbPerCpuSecond, 0),
    spread(figures.mbPerSecond, 0),
    percent(figures.systemShare),
    percent(figures.othersShare),
    (figures.residentBytes / MIB).toFixed(0),
    (figures.anonymousBytes / MIB).toFixed(0),
    figures.firstOverThis === null ? "" : spread(figures.firstOverThis, 2),
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
  const sizeMib = content.sizeBytes / MIB;
  return `seed: ${sizeMib} MiB from a warm cache, ${load.runs} runs of ${load.seconds} s in turn, \
${load.pipeline} requests of 16 KiB outstanding
${report.at}, ${machine.cpu}, ${machine.cores} cores, ${machine.system} (TCP \
${machine.congestionControl}), Node ${machine.node}
${seeders}

${table}${report.missing.map((line) => `\n${line}\n`).join("")}`;
}

function percent({ median }: Spread): string {
  return `${(100 * median).toFixed(0)} %`;
}

function spread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
