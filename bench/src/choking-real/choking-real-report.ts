import { type Machine, machineText } from "../machine.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { RoundTally } from "./slot-timeline.ts";

export type LeecherFigures = {
  readonly name: string;
  readonly uploadBytesPerSecond: number;
  readonly finishedSeconds: number;
  readonly fromGatewaysBytes: number;
  /** A letter for each step. */
  readonly timeline: string;
};

export type ChokingRealReport = {
  readonly at: string;
  readonly machine: Machine;
  readonly sizeMib: number;
  readonly gateways: number;
  readonly slots: number;
  readonly gatewayBytesPerSecond: number;
  readonly stepSeconds: number;
  readonly tally: RoundTally;
  readonly leechers: readonly LeecherFigures[];
};

export type ClassFigures = {
  readonly uploadBytesPerSecond: number;
  readonly finishedSeconds: Spread;
  readonly fromGatewaysBytes: Spread;
};

export function classFigures(leechers: readonly LeecherFigures[]): readonly ClassFigures[] {
  const classes = Map.groupBy(leechers, ({ uploadBytesPerSecond }) => uploadBytesPerSecond);
  return Array.from(classes, ([uploadBytesPerSecond, all]) => ({
    uploadBytesPerSecond,
    finishedSeconds: spreadOf(all.map(({ finishedSeconds }) => finishedSeconds)),
    fromGatewaysBytes: spreadOf(all.map(({ fromGatewaysBytes }) => fromGatewaysBytes)),
  }));
}

/** The report for a person: who was unchoked when, and how soon each class was done. */
export function chokingRealText(report: ChokingRealReport): string {
  const { at, machine, leechers, tally, stepSeconds } = report;
  const rate = kilobytes(report.gatewayBytesPerSecond);
  const timeline = textTable(
    [
      { title: "leecher", align: "left" },
      { title: "uploads kB/s", align: "right" },
      { title: "done s", align: "right" },
      { title: "MB of gateways", align: "right" },
      { title: rulerText(leechers, stepSeconds), align: "left" },
    ],
    leechers.map((leecher) => [
      ...[leecher.name, kilobytes(leecher.uploadBytesPerSecond)],
      ...[leecher.finishedSeconds.toFixed(1), megabytes(leecher.fromGatewaysBytes)],
      leecher.timeline,
    ]),
  );
  const classes = textTable(
    [
      { title: "uploads kB/s", align: "right" },
      { title: "done s", align: "left" },
      { title: "MB of gateways", align: "left" },
    ],
    classFigures(leechers).map(({ uploadBytesPerSecond, finishedSeconds, fromGatewaysBytes }) => [
      kilobytes(uploadBytesPerSecond),
      spreadText(finishedSeconds, 1),
      spreadText(scaled(fromGatewaysBytes, 1e-6), 1),
    ]),
  );
  return `choking-real: ${leechers.length} libtorrent leechers of ${report.sizeMib} MiB
${machineText(at, machine)}

${report.gateways} gateways of ${rate} kB/s and ${report.slots} slots each; \
a step is ${stepSeconds} s: the number of the gateway whose slot it has, * two slots, . it waits
${timeline}
${tally.rounds} rounds of the scheduler, in ${tally.unfairRounds} of them somebody had two slots \
while another waited; gateways decided ${tally.roundsAlone} alone

${classes}`;
}

/** `0 s       10        20`, a mark every ten steps. */
function rulerText(leechers: readonly LeecherFigures[], stepSeconds: number): string {
  const steps = Math.max(0, ...leechers.map(({ timeline }) => timeline.length));
  const marks = Array.from({ length: Math.ceil(steps / 10) }, (_, mark) =>
    `${mark * 10 * stepSeconds}`.padEnd(10),
  );
  return marks.join("").trimEnd();
}

function scaled({ median, min, max }: Spread, by: number): Spread {
  return { median: median * by, min: min * by, max: max * by };
}

function kilobytes(bytes: number): string {
  return (bytes / 1e3).toFixed(0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
