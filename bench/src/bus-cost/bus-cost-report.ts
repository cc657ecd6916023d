import type { Traffic } from "../fleet/bus-traffic.ts";
import type { BusUse } from "../fleet/subject-tally.ts";
import { type Machine, machineText } from "../machine.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";

/** One window of the fleet: served bytes are none while nobody asks. */
export type BusCostRun = {
  readonly seconds: number;
  readonly servedBytesPerSecond: number;
  /** Of every service by its connection's name. */
  readonly services: readonly ({ readonly name: string } & Traffic)[];
};

export type BusCostFigures = {
  /** Messages that services published, for each GB that went to peers. */
  readonly publishedPerGb: Spread;
  /** Messages that were delivered to services, for each GB. */
  readonly deliveredPerGb: Spread;
  readonly mbPerSecond: Spread;
  readonly publishedPerSecond: Spread;
  readonly idlePublishedPerSecond: Spread;
  /** The least MB/s at which so many messages are no more than the target. */
  readonly enoughMbPerSecond: Spread;
};

/** What the issue asks for: messages for each GB served from a warm cache. */
export const TARGET_PER_GB = 20;

export type BusCostReport = {
  readonly bench: "bus-cost";
  readonly at: string;
  readonly machine: Machine;
  readonly content: { readonly sizeBytes: number };
  readonly load: {
    readonly connections: number;
    readonly runs: number;
    readonly seconds: number;
    readonly pipeline: number;
    readonly processes: number;
  };
  readonly figures: BusCostFigures;
  readonly serving: readonly BusCostRun[];
  readonly idle: readonly BusCostRun[];
  /** What the messages of one more window were for, each counted once; not part of the figures. */
  readonly uses: Readonly<Partial<Record<BusUse, number>>>;
};

export function busCostFigures(
  serving: readonly BusCostRun[],
  idle: readonly BusCostRun[],
): BusCostFigures {
  const perGb = (kind: keyof Traffic): Spread =>
    spreadOf(serving.map((run) => (perSecond(run, kind) / run.servedBytesPerSecond) * 1e9));
  return {
    publishedPerGb: perGb("published"),
    deliveredPerGb: perGb("delivered"),
    mbPerSecond: spreadOf(serving.map((run) => run.servedBytesPerSecond / 1e6)),
    publishedPerSecond: spreadOf(serving.map((run) => perSecond(run, "published"))),
    idlePublishedPerSecond: spreadOf(idle.map((run) => perSecond(run, "published"))),
    enoughMbPerSecond: spreadOf(
      serving.map((run) => {
        const most = Math.max(perSecond(run, "published"), perSecond(run, "delivered"));
        return (most / TARGET_PER_GB) * 1_000;
      }),
    ),
  };
}

function perSecond({ services, seconds }: BusCostRun, kind: keyof Traffic): number {
  return services.reduce((sum, service) => sum + service[kind], 0) / seconds;
}

/** The report for a person: median (lowest–highest) of the runs. */
export function busCostTable(report: BusCostReport): string {
  const { load, figures, serving, uses } = report;
  const table = textTable(
    [
      { title: "connections", align: "right" },
      { title: "published per GB", align: "left" },
      { title: "delivered per GB", align: "left" },
      { title: "MB/s", align: "left" },
      { title: "published a second", align: "left" },
      { title: "idle", align: "left" },
      { title: `${TARGET_PER_GB} per GB from MB/s`, align: "left" },
    ],
    [
      [
        String(load.connections),
        spreadText(figures.publishedPerGb, 1),
        spreadText(figures.deliveredPerGb, 1),
        spreadText(figures.mbPerSecond, 0),
        spreadText(figures.publishedPerSecond, 1),
        spreadText(figures.idlePublishedPerSecond, 1),
        spreadText(figures.enoughMbPerSecond, 0),
      ],
    ],
  );
  const used = Object.entries(uses).map(([use, count]) => `${use} ${count}`);
  return `bus-cost: messages of a fleet of five services whose gateway serves from a warm cache, \
${load.runs} runs of ${load.seconds} s in turn
with as many without peers, ${load.pipeline} requests of 16 KiB outstanding, ${load.processes} \
process(es) of load
${machineText(report.at, report.machine)}

${table}
${servicesTable(serving.at(-1))}
What one more run's messages were for: ${used.join(", ")}
`;
}

/** Who published them, and to whom they went, in one run. */
function servicesTable(run: BusCostRun | undefined): string {
  const rows = (run?.services ?? []).map(({ name, published, delivered }) => [
    name,
    String(published),
    String(delivered),
  ]);
  return textTable(
    [
      { title: "in the last run", align: "left" },
      { title: "published", align: "right" },
      { title: "delivered", align: "right" },
    ],
    rows,
  );
}
