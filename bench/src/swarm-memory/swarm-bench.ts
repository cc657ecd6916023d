import { seededRng } from "@seedfleet/runtime";
import { PeerSample, Swarms } from "@seedfleet/swarm";
import { type Machine, machineText, thisMachine } from "../machine.ts";
import { residentBytes } from "../process-usage.ts";
import { progress } from "../run-bench.ts";
import { textTable } from "../text-table.ts";
import { Announcer } from "./announcer.ts";
import { parseSwarmOptions, SWARM_USAGE, type SwarmOptions } from "./swarm-options.ts";

const PEER_TIMEOUT_MS = 2_700_000;
const NUM_WANT = 50;
const ROUNDS = 5;
const CALLS = 200_000;
const MB = 1e6;

type Figure = { readonly name: string; readonly value: number; readonly unit: string };

/** `bench swarm`: fills the store of the tracker, in this process, and measures what it takes. */
export async function swarmBench(args: readonly string[]): Promise<void> {
  const options = parseSwarmOptions(args);
  if (options === "help") return void process.stdout.write(SWARM_USAGE);
  const timed = measureTime(options);
  const figures = [...timed, ...measureMemory(options)];
  const at = new Date().toISOString();
  const report = { bench: "swarm" as const, at, machine: thisMachine(), options, figures };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : tableOf(report));
}

function openSwarms(peersMax: number): Swarms {
  const limits = { peersPerSwarmMax: peersMax, peersMax, swarmsMax: peersMax, peerIdsMax: 0 };
  return new Swarms({ peerTimeoutMs: PEER_TIMEOUT_MS, ...limits }, seededRng(1));
}

/** CPU time of one call: the median of several rounds, without what the loop itself takes. */
function measureTime({ largePeers }: SwarmOptions): readonly Figure[] {
  const swarms = openSwarms(largePeers + 1);
  const announcer = new Announcer();
  const sample = new PeerSample(NUM_WANT);
  const { infoHash, peer } = announcer;
  const announce = (number: number): void => {
    announcer.set(0, number);
    swarms.announce(infoHash, peer, 0);
  };
  for (let number = 0; number < largePeers; number += 1) announce(number);
  const request = { ...peer, state: "leecher", numWant: NUM_WANT } as const;
  const ask = (): void => {
    sample.clear(6);
    swarms.sample(swarms.find(infoHash), request, sample);
  };
  const calls: Readonly<Record<string, (call: number) => void>> = {
    "nothing but the loop": (call) => announcer.set(0, call % largePeers),
    "announce of a known peer": (call) => announce(call % largePeers),
    "the same, and a sample of 50": (call) => {
      announce(call % largePeers);
      ask();
    },
    "a peer that joins, and leaves": (call) => {
      announce(largePeers + call);
      swarms.remove(infoHash, peer, 0);
    },
  };
  const rounds = Array.from({ length: ROUNDS }, () => Object.values(calls).map(nanoseconds));
  const medians = Object.keys(calls).map((_, at) => median(rounds.map((round) => round[at] ?? 0)));
  const [loop = 0] = medians;
  return Object.keys(calls)
    .map((name, at) => ({ name, value: (medians[at] ?? 0) - loop, unit: "ns" }))
    .slice(1);
}

function nanoseconds(call: (number: number) => void): number {
  const before = process.cpuUsage();
  for (let number = 0; number < CALLS; number += 1) call(number);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / CALLS;
}

function measureMemory({ swarms: swarmCount, peersPerSwarm }: SwarmOptions): readonly Figure[] {
  const peers = swarmCount * peersPerSwarm;
  const before = residentBytes(process.pid).total;
  const swarms = openSwarms(peers);
  const announcer = new Announcer();
  const began = process.cpuUsage();
  for (let each = 0; each < peersPerSwarm; each += 1) {
    for (let swarm = 0; swarm < swarmCount; swarm += 1) {
      announcer.set(swarm, swarm * peersPerSwarm + each);
      swarms.announce(announcer.infoHash, announcer.peer, each * 1_000);
    }
    progress(`${swarms.peerCount} peers in ${swarms.swarmCount} swarms`);
  }
  const joining = process.cpuUsage(began);
  const after = residentBytes(process.pid).total;
  return [
    { name: "a peer that joins one of all", value: (joining.user * 1_000) / peers, unit: "ns" },
    { name: "arrays, each peer", value: swarms.bytes / peers, unit: "bytes" },
    { name: "resident growth, each peer", value: (after - before) / peers, unit: "bytes" },
    { name: "arrays", value: swarms.bytes / MB, unit: "MB" },
    { name: "resident growth", value: (after - before) / MB, unit: "MB" },
    { name: "resident, the whole process", value: after / MB, unit: "MB" },
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

type SwarmReport = {
  readonly at: string;
  readonly machine: Machine;
  readonly options: SwarmOptions;
  readonly figures: readonly Figure[];
};

function tableOf({ at, machine, options, figures }: SwarmReport): string {
  const { swarms, peersPerSwarm, largePeers } = options;
  const rows = figures.map(({ name, value, unit }) => {
    return [name, value.toFixed(unit === "bytes" ? 1 : 0), unit];
  });
  const columns = [
    { title: "figure", align: "left" },
    { title: "value", align: "right" },
    { title: "", align: "left" },
  ] as const;
  return `swarm: time in a swarm of ${largePeers}, memory of ${swarms} swarms of ${peersPerSwarm}
${machineText(at, machine)}

${textTable(columns, rows)}`;
}
