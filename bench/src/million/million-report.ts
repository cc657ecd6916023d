import type { BusUse } from "../fleet/subject-tally.ts";
import { type Machine, machineText } from "../machine.ts";
import { percentile } from "../percentile.ts";
import type { ResidentBytes } from "../process-usage.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";

const MIB = 1024 * 1024;

/** A gateway that nobody has asked for anything. */
export type IdleGateway = {
  readonly resident: ResidentBytes;
  /** Messages it published while it settled. */
  readonly publishedPerMinute: number;
};

/** A gateway that was asked for torrents at random. */
export type AskedGateway = {
  readonly idle: IdleGateway;
  /** After it has served them, with the pieces it keeps. */
  readonly served: ResidentBytes;
  readonly cacheBytes: number;
  readonly firstBlockMs: readonly number[];
  /** The store's own read of the same torrents, in the same order. */
  readonly storeReadMs: readonly number[];
};

export type CatalogWriting = {
  readonly seconds: number;
  readonly storeReadySeconds: number;
  readonly storeResidentBytes: number;
};

/** A torrent, counted from 1 in the order they were asked for, and the gateway's part of it. */
export type SlowSample = { readonly serial: number; readonly ms: number };

export type MillionFigures = {
  readonly emptyMib: Spread;
  readonly fullMib: Spread;
  readonly servedMib: Spread;
  readonly anonymousMib: { readonly empty: Spread; readonly full: Spread; readonly served: Spread };
  readonly cacheMib: Spread;
  readonly firstBlock: { readonly p50: Spread; readonly p99: Spread };
  readonly storeRead: { readonly p50: Spread; readonly p99: Spread };
  /** What the gateway adds to the store's read, torrent by torrent. */
  readonly beyondStore: { readonly p50: Spread; readonly p99: Spread };
  /** The hundredth of each gateway's parts that took the longest, in the order asked for. */
  readonly slowest: readonly (readonly SlowSample[])[];
  readonly publishedPerMinute: { readonly empty: Spread; readonly full: Spread };
};

export type MillionReport = {
  readonly bench: "million";
  readonly at: string;
  readonly machine: Machine;
  readonly torrents: number;
  readonly load: {
    readonly runs: number;
    readonly samples: number;
    readonly settleSeconds: number;
  };
  readonly catalog: CatalogWriting;
  /** Who came to the tracker that every torrent names. */
  readonly announces: number;
  /** What the messages of the whole fleet were for while nobody asked, each counted once. */
  readonly idleUses: Readonly<Partial<Record<BusUse, number>>>;
  readonly figures: MillionFigures;
};

export function millionFigures(
  empty: readonly IdleGateway[],
  full: readonly AskedGateway[],
): MillionFigures {
  const idle = full.map((run) => run.idle);
  const resident = (gateways: readonly IdleGateway[], kind: keyof ResidentBytes): Spread =>
    spreadOf(gateways.map((gateway) => gateway.resident[kind] / MIB));
  const served = (kind: keyof ResidentBytes): Spread =>
    spreadOf(full.map((run) => run.served[kind] / MIB));
  const published = (gateways: readonly IdleGateway[]): Spread =>
    spreadOf(gateways.map(({ publishedPerMinute }) => publishedPerMinute));
  const beyondStore = full.map(({ firstBlockMs, storeReadMs }) =>
    firstBlockMs.map((ms, at) => ms - (storeReadMs[at] ?? Number.NaN)),
  );
  return {
    emptyMib: resident(empty, "total"),
    fullMib: resident(idle, "total"),
    servedMib: served("total"),
    anonymousMib: {
      empty: resident(empty, "anonymous"),
      full: resident(idle, "anonymous"),
      served: served("anonymous"),
    },
    cacheMib: spreadOf(full.map(({ cacheBytes }) => cacheBytes / MIB)),
    firstBlock: latencies(full.map(({ firstBlockMs }) => firstBlockMs)),
    storeRead: latencies(full.map(({ storeReadMs }) => storeReadMs)),
    beyondStore: latencies(beyondStore),
    slowest: beyondStore.map(slowestHundredth),
    publishedPerMinute: { empty: published(empty), full: published(idle) },
  };
}

function latencies(runs: readonly (readonly number[])[]): { p50: Spread; p99: Spread } {
  return {
    p50: spreadOf(runs.map((values) => percentile(values, 50))),
    p99: spreadOf(runs.map((values) => percentile(values, 99))),
  };
}

function slowestHundredth(values: readonly number[]): readonly SlowSample[] {
  const samples = values.map((ms, at) => ({ serial: at + 1, ms }));
  const slowest = samples.toSorted((a, b) => b.ms - a.ms).slice(0, Math.ceil(values.length / 100));
  return slowest.toSorted((a, b) => a.serial - b.serial);
}

/** The report for a person: median (lowest–highest) of the runs. */
export function millionTable(report: MillionReport): string {
  const { torrents, load, catalog, figures, announces } = report;
  const uses = Object.entries(report.idleUses).map(([use, count]) => `${use} ${count}`);
  const rate = torrents / catalog.seconds;
  return `million: ${torrents} torrents in the catalog, ${load.runs} gateways with each catalog, \
memory ${load.settleSeconds} s after the start,
${load.samples} torrents at random asked for in each run, one after the other
${machineText(report.at, report.machine)}

${memoryTable(figures)}
${latencyTable(figures)}
The slowest hundredth of each gateway's parts, by their place among those asked for:
${figures.slowest.map(slowestText).join("\n")}

Announces: ${announces}. Messages in ${load.settleSeconds} s without peers: \
${uses.join(", ")}.
Catalog written in ${catalog.seconds.toFixed(0)} s (${rate.toFixed(0)} \
torrents a second); the piece-store knew it in ${catalog.storeReadySeconds.toFixed(1)} s, with \
${(catalog.storeResidentBytes / MIB).toFixed(0)} MiB.
`;
}

function memoryTable(figures: MillionFigures): string {
  const { emptyMib, anonymousMib, publishedPerMinute, cacheMib } = figures;
  const rows = [
    {
      name: "empty catalog",
      mib: emptyMib,
      anonymous: anonymousMib.empty,
      published: publishedPerMinute.empty,
    },
    {
      name: "full catalog",
      mib: figures.fullMib,
      anonymous: anonymousMib.full,
      published: publishedPerMinute.full,
    },
    {
      name: `having served (${cacheMib.median.toFixed(0)} MiB of pieces cached)`,
      mib: figures.servedMib,
      anonymous: anonymousMib.served,
      published: null,
    },
  ].map(({ name, mib, anonymous, published }) => [
    name,
    spreadText(mib, 0),
    spreadText(anonymous, 0),
    // Adding zero makes a zero of a negative one.
    String(Math.round(mib.median - emptyMib.median) + 0),
    published === null ? "" : spreadText(published, 0),
  ]);
  return textTable(
    [
      { title: "gateway", align: "left" },
      { title: "RSS MiB", align: "left" },
      { title: "anon MiB", align: "left" },
      { title: "above empty", align: "right" },
      { title: "messages a minute", align: "left" },
    ],
    rows,
  );
}

function slowestText(slowest: readonly SlowSample[]): string {
  return slowest.map(({ serial, ms }) => `${serial}: ${ms.toFixed(0)} ms`).join(", ");
}

function latencyTable({ firstBlock, storeRead, beyondStore }: MillionFigures): string {
  const rows = [
    { name: "first block from the gateway", latency: firstBlock },
    { name: "the store's own read", latency: storeRead },
    { name: "the gateway's part", latency: beyondStore },
  ].map(({ name, latency: { p50, p99 } }) => [name, spreadText(p50, 1), spreadText(p99, 1)]);
  return textTable(
    [
      { title: "of a cold torrent", align: "left" },
      { title: "p50 ms", align: "left" },
      { title: "p99 ms", align: "left" },
    ],
    rows,
  );
}
