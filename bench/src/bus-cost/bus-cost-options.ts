import { countOption, parseFlags } from "../bench-options.ts";

export type BusCostOptions = {
  readonly json: boolean;
  readonly connections: number;
  readonly seconds: number;
  readonly sizeMib: number;
  readonly runs: number;
  readonly pipeline: number;
  readonly loadProcesses: number;
};

export const BUS_COST_USAGE = `Usage: npm run bench -- bus-cost [options]

Counts the messages on the bus of a whole fleet while its gateway serves from a warm cache, and
while nobody asks for anything.

  --connections N       connections at once (64)
  --runs N              measurements of each, in turn (3)
  --seconds N           length of a measurement; choke rounds are 10 s apart (30)
  --size-mb N           content in MiB (256)
  --pipeline N          requests of 16 KiB outstanding on each connection (64)
  --load-processes N    processes that have the connections among them (1)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench bus-cost`. Throws a `BenchError` that says what is wrong. */
export function parseBusCostOptions(args: readonly string[]): BusCostOptions | "help" {
  const values = parseFlags("bus-cost", args, {
    connections: { type: "string", default: "64" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "30" },
    "size-mb": { type: "string", default: "256" },
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
    // A window without a choke round would leave out what it is about.
    seconds: countOption("--seconds", values.seconds, { min: 10, max: 3_600 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    pipeline: countOption("--pipeline", values.pipeline, { min: 1, max: 500 }),
    loadProcesses: countOption("--load-processes", processes, { min: 1, max: 64 }),
  };
}
