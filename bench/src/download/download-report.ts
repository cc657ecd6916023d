import { type Machine, machineText } from "../machine.ts";
import { ratioSpread, type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { DownloaderKind } from "./download-options.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** What the bus is called among the processes of a download. */
export const BUS_PROCESS = "nats-server";

/** One download: what it took, and of it each process that took part in it. */
export type Downloaded = {
  readonly wallSeconds: number;
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** What all processes of the machine used meanwhile, the seed too. */
  readonly machineCpuSeconds: number;
  readonly residentBytes: number;
};

export type DownloaderRuns = {
  readonly kind: DownloaderKind;
  readonly runs: readonly Downloaded[];
};

export type DownloadContent = { readonly sizeBytes: number; readonly pieceLengthBytes: number };

export type DownloaderFigures = {
  readonly kind: DownloaderKind;
  readonly cpuSecondsPerGib: Spread;
  /**
   * CPU time beside libtorrent's of the same turn, of what downloads and stores; null without
   * libtorrent, and of itself.
   */
  readonly ratio: Spread | null;
  readonly wallSeconds: Spread;
  /** Of each process, where there are several. */
  readonly processes: Readonly<Record<string, Spread>>;
  /** The share of the machine that neither they nor idling had; the seed's is in it. */
  readonly othersShare: Spread;
  readonly residentBytes: number;
  readonly runs: readonly Downloaded[];
};

export function downloadFigures(
  measured: readonly DownloaderRuns[],
  { sizeBytes }: DownloadContent,
  { cores }: Pick<Machine, "cores">,
): readonly DownloaderFigures[] {
  const perGib = (seconds: number): number => seconds / (sizeBytes / GIB);
  const peer = measured.find(({ kind }) => kind === "libtorrent")?.runs.map(together);
  return measured.map(({ kind, runs }) => {
    const names = Object.keys(runs[0]?.cpuSeconds ?? {});
    const ofProcess = (name: string): readonly number[] =>
      runs.map(({ cpuSeconds }) => perGib(cpuSeconds[name] ?? 0));
    const others = runs.map((run) => {
      return (run.machineCpuSeconds - together(run)) / run.wallSeconds / cores;
    });
    const isPeer = kind === "libtorrent" || peer === undefined;
    return {
      kind,
      cpuSecondsPerGib: spreadOf(runs.map((run) => perGib(together(run)))),
      ratio: isPeer ? null : ratioSpread(runs.map(withoutBus), peer),
      wallSeconds: spreadOf(runs.map(({ wallSeconds }) => wallSeconds)),
      processes: Object.fromEntries(names.map((name) => [name, spreadOf(ofProcess(name))])),
      othersShare: spreadOf(others),
      residentBytes: Math.max(...runs.map((run) => run.residentBytes)),
      runs,
    };
  });
}

function together({ cpuSeconds }: Downloaded): number {
  return Object.values(cpuSeconds).reduce((sum, each) => sum + each, 0);
}

/** Of gateway and piece-store: whoever runs a bus runs it for more than this. */
function withoutBus(run: Downloaded): number {
  return together(run) - (run.cpuSeconds[BUS_PROCESS] ?? 0);
}

/** What is measured, before there are any figures. */
export function downloadHeading({
  at,
  machine,
  content,
  runs,
}: {
  readonly at: string;
  readonly machine: Machine;
  readonly content: DownloadContent;
  readonly runs: number;
}): string {
  const { sizeBytes, pieceLengthBytes } = content;
  return `download: ${sizeBytes / MIB} MiB in pieces of ${pieceLengthBytes / KIB} KiB from one \
libtorrent seed on loopback; ${runs} runs in turn
embedded: gateway and piece-store are one process; nats: they and nats-server are three, of which
nats-server is not in what is put beside libtorrent
${machineText(at, machine)}
`;
}

/** The figures for a person: median (lowest–highest) of the runs. */
export function downloadTable(figures: readonly DownloaderFigures[]): string {
  const rows = figures.map(({ kind, processes, ...each }) => [
    kind,
    spreadText(each.cpuSecondsPerGib, 2),
    each.ratio === null ? "" : spreadText(each.ratio, 2),
    spreadText(each.wallSeconds, 1),
    processesText(processes),
    `${(100 * each.othersShare.median).toFixed(0)} %`,
    (each.residentBytes / MIB).toFixed(0),
  ]);
  return textTable(
    [
      { title: "downloader", align: "left" },
      { title: "CPU s per GiB", align: "left" },
      { title: "× libtorrent", align: "left" },
      { title: "seconds", align: "left" },
      { title: "of the CPU time", align: "left" },
      { title: "seed, others", align: "right" },
      { title: "RSS MiB", align: "right" },
    ],
    rows,
  );
}

function processesText(processes: Readonly<Record<string, Spread>>): string {
  const all = Object.entries(processes);
  if (all.length < 2) return "";
  return all.map(([name, { median }]) => `${name} ${median.toFixed(2)}`).join(", ");
}
