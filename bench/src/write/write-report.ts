import type { Machine } from "../machine.ts";
import type { CpuSeconds } from "../process-usage.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { WriteBus } from "./write-options.ts";
import type { Written } from "./write-spec.ts";

const GIB: number = 1024 ** 3;

/** The measurements over one bus of pieces of one length. */
export type WriteRuns = {
  readonly bus: WriteBus;
  readonly pieceKib: number;
  readonly runs: readonly Written[];
};

export type WriteFigures = WriteRuns & {
  readonly mbPerSecond: Spread;
  /** CPU seconds a GiB; null where there is no such process. */
  readonly cpuSecondsPerGib: {
    readonly offerer: Spread;
    readonly nats: Spread | null;
    readonly store: Spread | null;
    readonly together: Spread;
  };
  readonly mbPerCpuSecond: Spread;
};

export function writeFigures(measured: readonly WriteRuns[]): readonly WriteFigures[] {
  return measured.map((of): WriteFigures => {
    const { runs } = of;
    const together = runs.map((run) => {
      const { offererCpuSeconds, natsCpuSeconds, storeCpuSeconds } = run;
      return sum(offererCpuSeconds) + sum(natsCpuSeconds) + sum(storeCpuSeconds);
    });
    return {
      ...of,
      mbPerSecond: spreadOf(runs.map((run) => run.writtenBytes / 1e6 / run.wallSeconds)),
      cpuSecondsPerGib: {
        offerer: spreadOf(runs.map((run) => (sum(run.offererCpuSeconds) / run.writtenBytes) * GIB)),
        nats: perGib(runs, (run) => run.natsCpuSeconds),
        store: perGib(runs, (run) => run.storeCpuSeconds),
        together: spreadOf(together.map((cpu, at) => (cpu / (runs[at]?.writtenBytes ?? 0)) * GIB)),
      },
      mbPerCpuSecond: spreadOf(
        together.map((cpu, at) => (runs[at]?.writtenBytes ?? 0) / 1e6 / cpu),
      ),
    };
  });
}

function perGib(
  runs: readonly Written[],
  cpuOf: (run: Written) => CpuSeconds | null,
): Spread | null {
  if (runs.some((run) => cpuOf(run) === null)) return null;
  return spreadOf(runs.map((run) => (sum(cpuOf(run)) / run.writtenBytes) * GIB));
}

function sum(cpu: CpuSeconds | null): number {
  return cpu === null ? 0 : cpu.user + cpu.system;
}

/** What is measured, before there are any figures. */
export function writeHeading(
  machine: Machine,
  {
    sizeMib,
    piecesAtOnce,
    runs,
    at,
  }: {
    readonly sizeMib: number;
    readonly piecesAtOnce: number;
    readonly runs: number;
    readonly at: string;
  },
): string {
  return `write: ${sizeMib} MiB of a v1 torrent, ${piecesAtOnce} pieces offered at a time, each \
fetched, checked, written and
synced by a piece-store; ${runs} runs in turn
nats: offerer, nats-server and piece-store are three processes; embedded: they are one
${at}, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}
`;
}

/** The figures for a person: median (lowest–highest) of the runs. */
export function writeTable(figures: readonly WriteFigures[]): string {
  const rows = figures.map(({ bus, pieceKib, mbPerSecond, cpuSecondsPerGib, mbPerCpuSecond }) => [
    bus,
    String(pieceKib),
    spreadText(mbPerSecond, 0),
    spreadText(mbPerCpuSecond, 0),
    spreadText(cpuSecondsPerGib.together, 2),
    spreadText(cpuSecondsPerGib.offerer, 2),
    cpuSecondsPerGib.nats === null ? "" : spreadText(cpuSecondsPerGib.nats, 2),
    cpuSecondsPerGib.store === null ? "" : spreadText(cpuSecondsPerGib.store, 2),
  ]);
  return textTable(
    [
      { title: "bus", align: "left" },
      { title: "piece KiB", align: "right" },
      { title: "MB/s", align: "left" },
      { title: "MB/CPU s", align: "left" },
      { title: "CPU s per GiB", align: "left" },
      { title: "offerer", align: "left" },
      { title: "nats-server", align: "left" },
      { title: "piece-store", align: "left" },
    ],
    rows,
  );
}
