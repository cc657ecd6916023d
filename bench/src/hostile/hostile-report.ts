import type { Measured } from "../load/measured.ts";
import type { Machine } from "../machine.ts";
import { mbPerCpuSecond } from "../seeders/serving-report.ts";
import { ratioSpread, type Spread, spreadOf } from "../spread.ts";
import { textTable } from "../text-table.ts";
import type { Attacked } from "./attack-spec.ts";
import type { Attack } from "./attacks.ts";

const MIB = 1024 * 1024;
const KIB = 1024;

/** What the good peers must keep of the bytes that a CPU-second of the gateway gave them before. */
export const SHARE_KEPT_MIN = 0.9;

/**
 * What the memory of a busy process swings by itself: two young generations of 16 MiB, what is
 * garbage until the next full collection, and batches that wait in sockets.
 */
const SWING_BYTES = 96 * MIB;

/** What a peer may take of the gateway by issue 4, and as much again for its half-read message. */
const HELD_BYTES = 48 * KIB;

/** One pair: the good peers alone, then while they have bad company. */
export type HostileRun = {
  readonly before: Measured;
  readonly during: Measured;
  readonly beforeResidentBytes: number;
  readonly peakResidentBytes: number;
  readonly attacked: Attacked;
  /** Connections that ended while it was attacked, by their reason. */
  readonly closed: Readonly<Record<string, number>>;
};

export type HostileRuns = { readonly attack: Attack; readonly runs: readonly HostileRun[] };

export type HostileFigures = {
  readonly attack: string;
  readonly beforePerCpuSecond: Spread;
  readonly duringPerCpuSecond: Spread;
  readonly shareKept: Spread;
  /** What the gateway spends on each attempt or burst; null where they do not come one by one. */
  readonly cpuMsEach: Spread | null;
  readonly beforePerSecond: Spread;
  readonly duringPerSecond: Spread;
  readonly beforeResidentBytes: number;
  readonly peakResidentBytes: number;
  readonly growthBytesMax: number;
  readonly openedCount: number;
  readonly closed: Readonly<Record<string, number>>;
  /** What is not as it should be. */
  readonly broken: readonly string[];
  readonly runs: readonly HostileRun[];
};

export type HostileReport = {
  readonly bench: "hostile";
  readonly at: string;
  readonly machine: Machine;
  readonly load: { readonly connections: number; readonly seconds: number; readonly runs: number };
  readonly perSecond: number;
  readonly figures: readonly HostileFigures[];
};

export function hostileFigures({ attack, runs }: HostileRuns, perSecond: number): HostileFigures {
  const before = runs.map((run) => mbPerCpuSecond(run.before));
  const during = runs.map((run) => mbPerCpuSecond(run.during));
  const closed = sumOf(runs.map((run) => run.closed));
  const beforeResidentBytes = Math.max(...runs.map((run) => run.beforeResidentBytes));
  const figures = {
    attack: attack.name,
    beforePerCpuSecond: spreadOf(before),
    duringPerCpuSecond: spreadOf(during),
    shareKept: ratioSpread(during, before),
    cpuMsEach:
      attack.kind === "held" ? null : spreadOf(runs.map((run) => cpuMsEach(run, perSecond))),
    beforePerSecond: spreadOf(runs.map((run) => mbPerSecond(run.before))),
    duringPerSecond: spreadOf(runs.map((run) => mbPerSecond(run.during))),
    beforeResidentBytes,
    peakResidentBytes: Math.max(...runs.map((run) => run.peakResidentBytes)),
    growthBytesMax: growthBytesMax(attack),
    openedCount: runs.reduce((sum, run) => sum + run.attacked.openedCount, 0),
    closed,
  };
  return { ...figures, broken: brokenOf(attack, figures), runs };
}

/** What the gateway's CPU did beyond what it did for the good peers. */
function cpuMsEach({ before, during }: HostileRun, perSecond: number): number {
  const { user, system } = during.serverCpuSeconds;
  const forGood = during.receivedBytes / 1e6 / mbPerCpuSecond(before);
  return (1_000 * (user + system - forGood)) / (perSecond * during.wallSeconds);
}

/** Only connections that are held take memory that lasts. */
export function growthBytesMax({ kind, connections }: Attack): number {
  return SWING_BYTES + (kind === "held" ? connections * HELD_BYTES : 0);
}

function brokenOf(
  { reasons }: Attack,
  figures: Omit<HostileFigures, "broken" | "runs">,
): readonly string[] {
  const { shareKept, beforeResidentBytes, peakResidentBytes, closed } = figures;
  const broken: string[] = [];
  if (shareKept.median < SHARE_KEPT_MIN) {
    broken.push(`good peers kept ${(100 * shareKept.median).toFixed(0)} % a CPU-second`);
  }
  const growthMib = (peakResidentBytes - beforeResidentBytes) / MIB;
  if (growthMib > figures.growthBytesMax / MIB) {
    broken.push(`memory grew by ${growthMib.toFixed(0)} MiB`);
  }
  for (const reason of reasons) {
    if ((closed[reason] ?? 0) === 0) broken.push(`nothing was counted as ${reason}`);
  }
  return broken;
}

/** The report for a person: medians of the runs, memory at its highest. */
export function hostileTable({ machine, load, figures, ...report }: HostileReport): string {
  const rows = figures.map((each) => [
    each.attack,
    each.beforePerCpuSecond.median.toFixed(0),
    each.duringPerCpuSecond.median.toFixed(0),
    percents(each.shareKept),
    each.cpuMsEach === null ? "" : each.cpuMsEach.median.toFixed(2),
    `${each.beforePerSecond.median.toFixed(0)} → ${each.duringPerSecond.median.toFixed(0)}`,
    `${mib(each.beforeResidentBytes)} → ${mib(each.peakResidentBytes)}`,
    mib(each.growthBytesMax),
    String(each.openedCount),
    reasonsText(each.closed),
  ]);
  const table = textTable(
    [
      { title: "attack", align: "left" },
      { title: "MB/CPU-s", align: "right" },
      { title: "attacked", align: "right" },
      { title: "kept", align: "left" },
      { title: "ms each", align: "right" },
      { title: "MB/s", align: "left" },
      { title: "RSS MiB", align: "left" },
      { title: "may grow", align: "right" },
      { title: "opened", align: "right" },
      { title: "closed as", align: "left" },
    ],
    rows,
  );
  const broken = figures.flatMap((each) => each.broken.map((line) => `${each.attack}: ${line}`));
  return `hostile: ${load.connections} good peers, ${load.runs} pairs of ${load.seconds} s, \
${report.perSecond} hostile connections or bursts a second
${report.at}, ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}

${table}
${broken.length === 0 ? "Every bound held." : `BROKEN\n${broken.join("\n")}`}
`;
}

function mbPerSecond({ receivedBytes, wallSeconds }: Measured): number {
  return receivedBytes / 1e6 / wallSeconds;
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [reason, count] of counts.flatMap(Object.entries)) {
    sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}

function percents({ median, min, max }: Spread): string {
  const percent = (share: number): string => (100 * share).toFixed(0);
  return `${percent(median)} % (${percent(min)}–${percent(max)})`;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}

function reasonsText(closed: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(closed).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return reasons.map(([reason, count]) => `${reason} ${count}`).join(", ");
}
