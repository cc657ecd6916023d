import { PEERS_PER_ROUND_MAX } from "@seedfleet/contracts";
import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

export type CrowdOptions = {
  readonly json: boolean;
  readonly peers: number;
  readonly torrents: number;
  /** Unchoke slots of each torrent: half of its peers have one. */
  readonly slots: number;
  readonly runs: number;
  readonly rounds: number;
  readonly settleSeconds: number;
  readonly loadProcesses: number;
};

export const CROWD_USAGE = `Usage: npm run bench -- crowd [options]

Measures the memory that connected, interested peers cost a gateway, half of them choked and none
served, and how long it takes to tell every one of them the decision of a choke round that turns all
of them over.

  --peers N             peers connected at once (10000)
  --torrents N          torrents they are of, in equal and even parts (4)
  --runs N              gateways measured, one after the other (3)
  --rounds N            choke rounds measured of each; they are 10 s apart (4)
  --settle N            seconds from the last peer's coming until memory is read (20)
  --load-processes N    processes that have the peers among them (1)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench crowd`. Throws a `BenchError` that says what is wrong. */
export function parseCrowdOptions(args: readonly string[]): CrowdOptions | "help" {
  const values = parseFlags("crowd", args, {
    peers: { type: "string", default: "10000" },
    torrents: { type: "string", default: "4" },
    runs: { type: "string", default: "3" },
    rounds: { type: "string", default: "4" },
    settle: { type: "string", default: "20" },
    "load-processes": { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const peers = countOption("--peers", values.peers, { min: 2, max: 1_000_000 });
  const torrents = countOption("--torrents", values.torrents, { min: 1, max: 1_000 });
  if (peers / torrents > PEERS_PER_ROUND_MAX) {
    const need = Math.ceil(peers / PEERS_PER_ROUND_MAX);
    throw new BenchError(
      `a scheduler decides on at most ${PEERS_PER_ROUND_MAX} peers of a torrent: take --torrents \
${need} or more for ${peers} peers`,
    );
  }
  if (peers % (2 * torrents) !== 0) {
    throw new BenchError(
      `half of each torrent's peers have a slot: --peers must be a multiple of ${2 * torrents}`,
    );
  }
  const processes = values["load-processes"];
  return {
    json: values.json,
    peers,
    torrents,
    slots: peers / (2 * torrents),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    rounds: countOption("--rounds", values.rounds, { min: 1, max: 1_000 }),
    settleSeconds: countOption("--settle", values.settle, { min: 1, max: 3_600 }),
    loadProcesses: countOption("--load-processes", processes, { min: 1, max: 64 }),
  };
}
