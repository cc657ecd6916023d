import { type Machine, machineText } from "../machine.ts";
import type { ResidentBytes } from "../process-usage.ts";
import { type Spread, spreadOf, spreadText } from "../spread.ts";
import { textTable } from "../text-table.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** One gateway, and what its crowd saw. */
export type CrowdRun = {
  readonly connectSeconds: number;
  readonly before: ResidentBytes;
  readonly withPeers: ResidentBytes;
  readonly rounds: readonly MeasuredRound[];
};

export type MeasuredRound = {
  readonly chokes: number;
  readonly unchokes: number;
  readonly sentMs: number;
  /** From a torrent's decision until its last peer had it, of the torrent where it was longest. */
  readonly decidedToLastMs: number;
};

export type CrowdFigures = {
  readonly kibPerPeer: Spread;
  readonly anonymousKibPerPeer: Spread;
  readonly residentBytes: Spread;
  readonly connectSeconds: Spread;
  readonly sentMs: Spread;
  readonly decidedToLastMs: Spread;
  readonly runs: readonly CrowdRun[];
};

export type CrowdReport = {
  readonly bench: "crowd";
  readonly at: string;
  readonly machine: Machine;
  readonly crowd: { readonly peers: number; readonly torrents: number; readonly slots: number };
  readonly load: {
    readonly runs: number;
    readonly rounds: number;
    readonly settleSeconds: number;
    readonly processes: number;
  };
  readonly figures: CrowdFigures;
};

/** Memory over the runs, times over the rounds of all runs. */
export function crowdFigures(runs: readonly CrowdRun[], peers: number): CrowdFigures {
  const perPeer = (kind: keyof ResidentBytes): Spread =>
    spreadOf(runs.map(({ before, withPeers }) => (withPeers[kind] - before[kind]) / peers / KIB));
  const rounds = runs.flatMap((run) => run.rounds);
  return {
    kibPerPeer: perPeer("total"),
    anonymousKibPerPeer: perPeer("anonymous"),
    residentBytes: spreadOf(runs.map(({ withPeers }) => withPeers.total)),
    connectSeconds: spreadOf(runs.map(({ connectSeconds }) => connectSeconds)),
    sentMs: spreadOf(rounds.map(({ sentMs }) => sentMs)),
    decidedToLastMs: spreadOf(rounds.map(({ decidedToLastMs }) => decidedToLastMs)),
    runs,
  };
}

/** The report for a person: median (lowest–highest) of the runs, and of all their rounds. */
export function crowdTable({ at, machine, crowd, load, figures }: CrowdReport): string {
  const row = [
    String(crowd.peers),
    spreadText(figures.kibPerPeer, 1),
    spreadText(figures.anonymousKibPerPeer, 1),
    (figures.residentBytes.median / MIB).toFixed(0),
    spreadText(figures.sentMs, 0),
    spreadText(figures.decidedToLastMs, 0),
    spreadText(figures.connectSeconds, 1),
  ];
  const table = textTable(
    [
      { title: "peers", align: "right" },
      { title: "KiB RSS each", align: "left" },
      { title: "KiB anon each", align: "left" },
      { title: "RSS MiB", align: "right" },
      { title: "round sent in ms", align: "left" },
      { title: "decision to last in ms", align: "left" },
      { title: "connected in s", align: "left" },
    ],
    [row],
  );
  return `crowd: interested peers of ${crowd.torrents} torrents with ${crowd.slots} slots each, \
${load.runs} gateways, memory ${load.settleSeconds} s after the last
peer came, ${load.rounds} rounds of each that turn every peer over, \
${load.processes} process(es) of load
${machineText(at, machine)}

${table}`;
}
