import { type Machine, machineText } from "../machine.ts";
import { ratioSpread, type Spread, spreadOf, spreadText } from "../spread.ts";
import { type Column, textTable } from "../text-table.ts";
import type { TrackerMeasured } from "./load-spec.ts";
import { perCpuSecond, type TrackerRuns } from "./measure-rows.ts";
import { type RowKind, TRACKER_ROWS } from "./tracker-rows.ts";

const MIB = 1024 * 1024;

export type TrackerReport = {
  readonly at: string;
  readonly machine: Machine;
  /** What was asked for and could not be measured. */
  readonly missing: readonly string[];
  readonly figures: readonly TrackerFigures[];
  /** What was told to the collector of traces. */
  readonly traces: { readonly requests: number; readonly bytes: number };
};

export type TrackerFigures = TrackerRuns & {
  readonly kind: RowKind;
  readonly title: string;
  readonly perCpuSecond: Spread;
  readonly perWallSecond: Spread;
  /** The share of the server's CPU time that was the kernel's. */
  readonly systemShare: Spread;
  /** Cores that the server had, and for what share of the time the load had something to do. */
  readonly serverCores: Spread;
  readonly loadBusy: Spread;
  /** The share of the machine that others took meanwhile. */
  readonly othersShare: Spread;
  readonly lost: number;
  readonly peersPerAnswer: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  /** What resident memory grew by for each announce, each of which was another peer's. */
  readonly bytesPerPeer: Spread;
  /** Announces per CPU-second of the row's first over this one's; null for the first. */
  readonly firstOverThis: Spread | null;
};

/** The figures of every row and tracker; the first tracker of a row is compared with the others. */
export function trackerFigures(
  measured: readonly TrackerRuns[],
  { cores }: Pick<Machine, "cores">,
): readonly TrackerFigures[] {
  return measured.map((tracker) => {
    const { row, runs } = tracker;
    const first = measured.find((each) => each.row === row);
    const spread = (of: (run: TrackerMeasured) => number): Spread => spreadOf(runs.map(of));
    const { kind = "load", title = row } = TRACKER_ROWS[row] ?? {};
    const cpu = ({ serverCpuSeconds: { user, system } }: TrackerMeasured): number => user + system;
    return {
      ...tracker,
      ...{ kind, title },
      perCpuSecond: spread(perCpuSecond),
      perWallSecond: spread((run) => run.announces / run.wallSeconds),
      systemShare: spread((run) => run.serverCpuSeconds.system / cpu(run)),
      serverCores: spread((run) => cpu(run) / run.wallSeconds),
      loadBusy: spread((run) => run.loadBusySeconds / run.wallSeconds),
      othersShare: spread((run) => run.otherCpuSeconds / run.wallSeconds / cores),
      lost: runs.reduce((sum, run) => sum + run.lost, 0),
      peersPerAnswer: spread((run) => run.peers / run.announces),
      p50Ms: spread((run) => run.latencyMs.p50),
      p99Ms: spread((run) => run.latencyMs.p99),
      bytesPerPeer: spread(
        (run) => (run.residentAfter.total - run.residentBefore.total) / run.announces,
      ),
      firstOverThis:
        first === undefined || first === tracker
          ? null
          : ratioSpread(first.runs.map(perCpuSecond), runs.map(perCpuSecond)),
    };
  });
}

type Table = {
  readonly heading: string;
  readonly kinds: readonly RowKind[];
  readonly columns: readonly (Column & { readonly cell: (figures: TrackerFigures) => string })[];
};

const TRACKER = {
  title: "tracker",
  align: "left",
  cell: ({ label }: TrackerFigures) => label,
} as const;
const OTHERS = {
  title: "others",
  align: "right",
  cell: ({ othersShare }: TrackerFigures) => percent(othersShare),
} as const;
const LOST = {
  title: "lost",
  align: "right",
  cell: ({ lost }: TrackerFigures) => String(lost),
} as const;

const TABLES: readonly Table[] = [
  {
    heading: "As fast as it answers",
    kinds: ["load", "workers", "telemetry"],
    columns: [
      TRACKER,
      {
        title: "k per CPU-second",
        align: "left",
        cell: (each) => thousands(each.perCpuSecond),
      },
      { title: "k a second", align: "left", cell: (each) => thousands(each.perWallSecond) },
      { title: "kernel", align: "right", cell: (each) => percent(each.systemShare) },
      { title: "cores", align: "right", cell: (each) => each.serverCores.median.toFixed(2) },
      { title: "load busy", align: "right", cell: (each) => percent(each.loadBusy) },
      OTHERS,
      { title: "peers", align: "right", cell: (each) => each.peersPerAnswer.median.toFixed(1) },
      LOST,
      {
        title: "first is × this",
        align: "left",
        cell: ({ firstOverThis }) => (firstOverThis === null ? "" : spreadText(firstOverThis, 2)),
      },
    ],
  },
  {
    heading: "At half of that load",
    kinds: ["latency"],
    columns: [
      TRACKER,
      { title: "k a second", align: "right", cell: (each) => thousands(each.perWallSecond) },
      { title: "p50 ms", align: "left", cell: (each) => spreadText(each.p50Ms, 3) },
      { title: "p99 ms", align: "left", cell: (each) => spreadText(each.p99Ms, 3) },
      { title: "k per CPU-second", align: "left", cell: (each) => thousands(each.perCpuSecond) },
      OTHERS,
      LOST,
    ],
  },
  {
    heading: "Resident memory that peers take",
    kinds: ["memory"],
    columns: [
      TRACKER,
      { title: "peers", align: "right", cell: ({ runs }) => String(runs[0]?.announces ?? 0) },
      {
        title: "MiB before",
        align: "right",
        cell: ({ runs }) => ((runs[0]?.residentBefore.total ?? 0) / MIB).toFixed(0),
      },
      {
        title: "MiB after",
        align: "right",
        cell: ({ runs }) => ((runs[0]?.residentAfter.total ?? 0) / MIB).toFixed(0),
      },
      { title: "bytes a peer", align: "left", cell: (each) => spreadText(each.bytesPerPeer, 1) },
      LOST,
    ],
  },
];

/** The figures for a person: median (lowest–highest) of the runs. */
export function trackerTables({ at, machine, missing, figures, traces }: TrackerReport): string {
  const tables = TABLES.flatMap(({ heading, kinds, columns }) => {
    const rows = figures.filter(({ kind }) => kinds.includes(kind));
    if (rows.length === 0) return [];
    const cells = rows.map((each, at) => {
      const isFirst = rows[at - 1]?.row !== each.row;
      return [isFirst ? each.title : "", ...columns.map(({ cell }) => cell(each))];
    });
    const row: Column = { title: "announces by", align: "left" };
    return `${heading}\n${textTable([row, ...columns], cells)}`;
  });
  const watched = figures.some(({ kind }) => kind === "telemetry");
  const told = `traces sent to the collector: ${traces.requests} batches, ${traces.bytes} bytes\n`;
  const notes = [...(watched ? [told] : []), ...missing.map((line) => `${line}\n`)];
  return [`${machineText(at, machine)}\n`, ...tables, ...notes].join("\n");
}

function thousands({ median, min, max }: Spread): string {
  return spreadText({ median: median / 1e3, min: min / 1e3, max: max / 1e3 }, 1);
}

function percent({ median }: Spread): string {
  return `${(100 * median).toFixed(0)} %`;
}
