import { countOption, countsOption, parseFlags } from "../bench-options.ts";

const MB = 1_000_000;

export type LimitsOptions = {
  readonly json: boolean;
  readonly workers: readonly number[];
  readonly connections: number;
  readonly runs: number;
  readonly seconds: number;
  readonly sizeMib: number;
  readonly pipeline: number;
  readonly loadProcesses: number;
  /** Of the gateway, or of one torrent. */
  readonly limitBytesPerSecond: number;
  readonly peerLimitBytesPerSecond: number;
};

export const LIMITS_USAGE = `Usage: npm run bench -- limits [options]

Measures how well upload limits hold at a gateway of seedfleet up, and who gets what of them.

  --workers LIST        each limit once with each number of worker threads (1,2)
  --connections N       connections at once (8)
  --limit-mb N          MB/s of the gateway, and of the torrent (40)
  --peer-limit-mb N     MB/s of one peer (5)
  --runs N              measurements of each (3)
  --seconds N           length of a measurement (10)
  --size-mb N           content in MiB (128)
  --pipeline N          requests of 16 KiB outstanding on each connection (64)
  --load-processes N    processes that have the connections among them (1)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench limits`. Throws a `BenchError` that says what is wrong. */
export function parseLimitsOptions(args: readonly string[]): LimitsOptions | "help" {
  const values = parseFlags("limits", args, {
    workers: { type: "string", default: "1,2" },
    connections: { type: "string", default: "8" },
    "limit-mb": { type: "string", default: "40" },
    "peer-limit-mb": { type: "string", default: "5" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "10" },
    "size-mb": { type: "string", default: "128" },
    pipeline: { type: "string", default: "64" },
    "load-processes": { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const rate = { min: 1, max: 10_000 };
  const processes = values["load-processes"];
  return {
    json: values.json,
    workers: countsOption("--workers", values.workers, { min: 1, max: 64 }),
    connections: countOption("--connections", values.connections, { min: 1, max: 4_000 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    seconds: countOption("--seconds", values.seconds, { min: 1, max: 3_600 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    pipeline: countOption("--pipeline", values.pipeline, { min: 1, max: 500 }),
    loadProcesses: countOption("--load-processes", processes, { min: 1, max: 64 }),
    limitBytesPerSecond: countOption("--limit-mb", values["limit-mb"], rate) * MB,
    peerLimitBytesPerSecond: countOption("--peer-limit-mb", values["peer-limit-mb"], rate) * MB,
  };
}
