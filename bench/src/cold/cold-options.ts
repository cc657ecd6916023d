import { countOption, parseFlags } from "../bench-options.ts";
import { type SeederName, seederNames } from "../seeders/seeder-name.ts";

export type ColdOptions = {
  readonly json: boolean;
  readonly connections: number;
  readonly seconds: number;
  readonly sizeMib: number;
  readonly cacheMib: number;
  readonly runs: number;
  readonly pipeline: number;
  readonly loadProcesses: number;
  readonly peers: readonly SeederName[];
};

export const COLD_USAGE = `Usage: npm run bench -- cold [options]

Measures MB per CPU-second of seeders that serve pieces at random from content that is many times
larger than our cache. The content is in the page cache, for all alike.

  --peers LIST          seeders, the first against each other one (seedfleet,libtorrent);
                        seedfleet=DIR is another checkout of Seedfleet
  --connections N       connections at once (8)
  --runs N              measurements of each, in turn (5)
  --seconds N           length of a measurement (5)
  --size-mb N           content in MiB, which memory must have room for (8192)
  --cache-mb N          our cache in MiB (256)
  --pipeline N          requests of 16 KiB outstanding on each connection (64)
  --load-processes N    processes that have the connections among them (1)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench cold`. Throws a `BenchError` that says what is wrong. */
export function parseColdOptions(args: readonly string[]): ColdOptions | "help" {
  const values = parseFlags("cold", args, {
    peers: { type: "string", default: "seedfleet,libtorrent" },
    connections: { type: "string", default: "8" },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    "size-mb": { type: "string", default: "8192" },
    "cache-mb": { type: "string", default: "256" },
    pipeline: { type: "string", default: "64" },
    "load-processes": { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const processes = values["load-processes"];
  return {
    json: values.json,
    connections: countOption("--connections", values.connections, { min: 1, max: 4_000 }),
    seconds: countOption("--seconds", values.seconds, { min: 1, max: 3_600 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 64, max: 65_536 }),
    cacheMib: countOption("--cache-mb", values["cache-mb"], { min: 1, max: 65_536 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    pipeline: countOption("--pipeline", values.pipeline, { min: 1, max: 500 }),
    loadProcesses: countOption("--load-processes", processes, { min: 1, max: 64 }),
    peers: seederNames(values.peers, [1]),
  };
}
