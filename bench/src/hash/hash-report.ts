import type { Machine } from "../machine.ts";
import { ratioSpread, type Spread, spreadOf } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { CaseName } from "./hash-options.ts";
import type { BenchVersion, Hashed } from "./hashers.ts";

const MIB = 1024 * 1024;

/** The runs of one hasher on one case. */
export type HasherRuns = {
  readonly case: CaseName;
  readonly version: BenchVersion;
  readonly sizeBytes: number;
  readonly name: string;
  readonly runs: readonly Hashed[];
};

export type HasherFigures = HasherRuns & {
  readonly mbPerSecond: Spread;
  readonly wallSeconds: Spread;
  readonly startSeconds: Spread | null;
  readonly listSeconds: Spread | null;
  readonly cpuSeconds: Spread;
  readonly residentBytes: number | null;
  /** How fast ours is, where this one is 1, run by run; null for ours. */
  readonly firstOverThis: Spread | null;
  /** The same by bytes per CPU-second, which a busy machine decides less. */
  readonly firstOverThisPerCpu: Spread | null;
};

export type HashReport = {
  readonly bench: "hash";
  readonly at: string;
  readonly machine: Machine;
  readonly pieceLengthBytes: number;
  readonly threads: number;
  readonly runs: number;
  /** What was asked for and could not be measured. */
  readonly missing: readonly string[];
  readonly figures: readonly HasherFigures[];
};

/** Figures of every hasher; the first of each case and version is ours. */
export function hashFigures(measured: readonly HasherRuns[]): readonly HasherFigures[] {
  return measured.map((hasher) => {
    const { runs, sizeBytes } = hasher;
    const first = measured.find(
      (each) => each.case === hasher.case && each.version === hasher.version,
    );
    const wall = runs.map(({ wallSeconds }) => wallSeconds);
    const cpu = runs.map(({ cpuSeconds }) => cpuSeconds);
    const resident = runs.flatMap(({ residentBytes }) => residentBytes ?? []);
    const ours = first === undefined || first.name === hasher.name ? null : first.runs;
    return {
      ...hasher,
      mbPerSecond: spreadOf(wall.map((seconds) => sizeBytes / 1e6 / seconds)),
      wallSeconds: spreadOf(wall),
      startSeconds: spreadOfTold(runs.flatMap(({ startSeconds }) => startSeconds ?? [])),
      listSeconds: spreadOfTold(runs.flatMap(({ listSeconds }) => listSeconds ?? [])),
      cpuSeconds: spreadOf(cpu),
      residentBytes: resident.length === 0 ? null : Math.max(...resident),
      firstOverThis:
        ours &&
        ratioSpread(
          wall,
          ours.map(({ wallSeconds }) => wallSeconds),
        ),
      firstOverThisPerCpu:
        ours &&
        ratioSpread(
          cpu,
          ours.map(({ cpuSeconds }) => cpuSeconds),
        ),
    };
  });
}

/** The report for a person: median (lowest–highest) of the runs. */
export function hashTable({ machine, figures, ...report }: HashReport): string {
  const [ours = ""] = figures.map(({ name }) => name);
  const rows = figures.map((figure) => [
    figure.name === ours ? `${figure.case} ${figure.version}` : "",
    figure.name,
    spread(figure.mbPerSecond, 0),
    spread(figure.wallSeconds, 2),
    figure.startSeconds?.median.toFixed(2) ?? "",
    figure.listSeconds?.median.toFixed(2) ?? "",
    spread(figure.cpuSeconds, 2),
    figure.residentBytes === null ? "" : (figure.residentBytes / MIB).toFixed(0),
    figure.firstOverThis === null ? "" : spread(figure.firstOverThis, 2),
    figure.firstOverThisPerCpu === null ? "" : spread(figure.firstOverThisPerCpu, 2),
  ]);
  const table = textTable(
    [
      { title: "content", align: "left" },
      { title: "hasher", align: "left" },
      { title: "MB/s", align: "left" },
      { title: "seconds", align: "left" },
      { title: "before: start", align: "right" },
      { title: "of them: listing", align: "right" },
      { title: "CPU-seconds", align: "left" },
      { title: "RSS MiB", align: "right" },
      { title: `${ours} is × as fast`, align: "left" },
      { title: "by CPU", align: "left" },
    ],
    rows,
  );
  return `hash: from a warm page cache, ${report.runs} runs in turn, ${report.threads} threads, \
pieces of ${report.pieceLengthBytes / MIB} MiB
${report.at}, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}

${table}${report.missing.map((line) => `\n${line}\n`).join("")}`;
}

/** Null of who does not tell. */
function spreadOfTold(values: readonly number[]): Spread | null {
  return values.length === 0 ? null : spreadOf(values);
}

function spread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
