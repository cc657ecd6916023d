import { countOption, countsOption, parseFlags } from "../bench-options.ts";
import { type SeederName, seederNames } from "../seeders/seeder-name.ts";

export type SeedOptions = {
  readonly json: boolean;
  readonly connections: readonly number[];
  readonly seconds: number;
  readonly sizeMib: number;
  readonly runs: number;
  readonly pipeline: number;
  readonly loadProcesses: number;
  readonly peers: readonly SeederName[];
};

export const SEED_USAGE = `Usage: npm run bench -- seed [options]

Measures MB per CPU-second of seeders that serve the same content from warm caches.

  --peers LIST          seeders, the first against each other one (seedfleet,libtorrent);
                        seedfleet=DIR is another checkout of Seedfleet
  --workers LIST        ours once with each number of worker threads (1)
  --connections LIST    connections at once (1,8,64)
  --runs N              measurements of each, in turn (5)
  --seconds N           length of a measurement (3)
  --size-mb N           content in MiB (1024)
  --pipeline N          requests of 16 KiB outstanding on each connection (64)
  --load-processes N    processes that have the connections among them (1)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench seed`. Throws a `BenchError` that says what is wrong. */
export function parseSeedOptions(args: readonly string[]): SeedOptions | "help" {
  const values = parseFlags("seed", args, {
    peers: { type: "string", default: "seedfleet,libtorrent" },
    workers: { type: "string", default: "1" },
    connections: { type: "string", default: "1,8,64" },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    "size-mb": { type: "string", default: "1024" },
    pipeline: { type: "string", default: "64" },
    "load-processes": { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const workers = countsOption("--workers", values.workers, { min: 1, max: 256 });
  const processes = values["load-processes"];
  return {
    json: values.json,
    connections: countsOption("--connections", values.connections, { min: 1, max: 4_000 }),
    seconds: countOption("--seconds", values.seconds, { min: 1, max: 3_600 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    pipeline: countOption("--pipeline", values.pipeline, { min: 1, max: 500 }),
    loadProcesses: countOption("--load-processes", processes, { min: 1, max: 64 }),
    peers: seederNames(values.peers, workers),
  };
}
