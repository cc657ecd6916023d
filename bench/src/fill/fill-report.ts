import type { Machine } from "../machine.ts";
import type { CpuSeconds } from "../process-usage.ts";
import { type Spread, spreadOf } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { FillBus } from "./fill-options.ts";
import type { Filled } from "./fill-spec.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIGABYTE = 1e9;

/** The measurements over one bus. */
export type BusRuns = {
  readonly bus: FillBus;
  readonly runs: readonly Filled[];
};

export type FillReport = {
  readonly bench: "fill";
  readonly at: string;
  readonly machine: Machine;
  readonly content: { readonly sizeBytes: number; readonly pieceLengthBytes: number };
  readonly load: {
    readonly runs: number;
    readonly piecesAtOnce: number;
    readonly cacheBytes: number;
  };
  readonly figures: readonly BusFigures[];
};

/** CPU seconds a gigabyte of each process; null where there is no such process. */
export type BusFigures = {
  readonly bus: FillBus;
  readonly mbPerSecond: Spread;
  readonly cpuSecondsPerGb: {
    readonly gateway: Spread;
    readonly nats: Spread | null;
    readonly store: Spread | null;
    readonly together: Spread;
  };
  /** The share of the machine that others took meanwhile. */
  readonly othersShare: Spread;
  readonly gatewayResidentBytes: number;
  readonly runs: readonly Filled[];
};

export function fillFigures(
  measured: readonly BusRuns[],
  { cores }: Pick<Machine, "cores">,
): readonly BusFigures[] {
  return measured.map(({ bus, runs }) => ({
    bus,
    mbPerSecond: spreadOf(runs.map(mbPerSecond)),
    cpuSecondsPerGb: {
      gateway: spreadOf(runs.map((run) => perGb(run, run.gatewayCpuSeconds))),
      nats: spreadOrNull(runs.map((run) => perGbOrNull(run, run.natsCpuSeconds))),
      store: spreadOrNull(runs.map((run) => perGbOrNull(run, run.storeCpuSeconds))),
      together: spreadOf(runs.map(togetherPerGb)),
    },
    othersShare: spreadOf(
      runs.map(({ otherCpuSeconds, wallSeconds }) => otherCpuSeconds / wallSeconds / cores),
    ),
    gatewayResidentBytes: Math.max(...runs.map((run) => run.gatewayResidentBytes.total)),
    runs,
  }));
}

export function mbPerSecond({ filledBytes, wallSeconds }: Filled): number {
  return filledBytes / 1e6 / wallSeconds;
}

function togetherPerGb(run: Filled): number {
  const { gatewayCpuSeconds, natsCpuSeconds, storeCpuSeconds } = run;
  const all = [gatewayCpuSeconds, natsCpuSeconds, storeCpuSeconds];
  return all.reduce((sum, each) => sum + (perGbOrNull(run, each) ?? 0), 0);
}

function perGb({ filledBytes }: Filled, { user, system }: CpuSeconds): number {
  return (user + system) / (filledBytes / GIGABYTE);
}

function perGbOrNull(run: Filled, cpu: CpuSeconds | null): number | null {
  return cpu === null ? null : perGb(run, cpu);
}

function spreadOrNull(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : spreadOf(known);
}

/** What is measured, before there are any figures. */
export function fillHeading({
  machine,
  content,
  load,
  at,
}: Pick<FillReport, "at" | "machine" | "content" | "load">): string {
  const { sizeBytes, pieceLengthBytes } = content;
  return `fill: ${sizeBytes / MIB} MiB in pieces of ${pieceLengthBytes / KIB} KiB, from \
a piece-store that reads a warm file into a
gateway's cache of ${load.cacheBytes / MIB} MiB, ${load.piecesAtOnce} pieces at a time, each \
checked by its SHA-1; ${load.runs} runs in turn
nats: piece-store, nats-server and gateway are three processes; embedded: they are one
${at}, ${machine.cpu}, ${machine.cores} cores, ${machine.system} (TCP \
${machine.congestionControl}), Node ${machine.node}
`;
}

/** The figures for a person: median (lowest–highest) of the runs. */
export function fillTable(figures: readonly BusFigures[]): string {
  const rows = figures.map(({ bus, mbPerSecond, cpuSecondsPerGb, ...rest }) => [
    bus,
    spread(mbPerSecond, 0),
    spread(cpuSecondsPerGb.together, 2),
    spread(cpuSecondsPerGb.gateway, 2),
    spread(cpuSecondsPerGb.nats, 2),
    spread(cpuSecondsPerGb.store, 2),
    `${(100 * rest.othersShare.median).toFixed(0)} %`,
    (rest.gatewayResidentBytes / MIB).toFixed(0),
  ]);
  return textTable(
    [
      { title: "bus", align: "left" },
      { title: "MB/s", align: "left" },
      { title: "CPU s per GB", align: "left" },
      { title: "gateway", align: "left" },
      { title: "nats-server", align: "left" },
      { title: "piece-store", align: "left" },
      { title: "others", align: "right" },
      { title: "RSS MiB", align: "right" },
    ],
    rows,
  );
}

function spread(values: Spread | null, digits: number): string {
  if (values === null) return "";
  const { median, min, max } = values;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
