import { parseArgs } from "node:util";
import { BenchError } from "../bench-error.ts";
import { CACHE_BYTES, TRACES, type TraceName } from "./traces.ts";

const MIB = 1024 * 1024;

const TRACE_NAMES = Object.keys(TRACES);

export type EvictionOptions = {
  readonly json: boolean;
  readonly traces: readonly TraceName[];
  /** Of each trace; run n has seed n. */
  readonly runs: number;
  readonly batchCount: number;
  readonly cacheBytes: number;
};

export const EVICTION_USAGE: string = `Usage: npm run bench -- eviction [options]

Simulates what a gateway is asked for, and says which share of it a cache answers without its
store, by policy and by what counts as a visit. A simulation: the machine does not matter.

  --traces LIST         of ${TRACE_NAMES.join(", ")} (all)
  --batches N           requests of up to 128 KiB in each trace (400000)
  --cache-mb N          MiB of the cache; the traces are made for the default (256)
  --runs N              seeds of each trace (5)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench eviction`. Throws a `BenchError` that says what is wrong. */
export function parseEvictionOptions(args: readonly string[]): EvictionOptions | "help" {
  const { values } = parsed(args);
  if (values.help) return "help";
  return {
    json: values.json,
    traces: values.traces.split(",").map(traceName),
    runs: count("--runs", values.runs, { min: 1, max: 1_000 }),
    batchCount: count("--batches", values.batches, { min: 1_000, max: 10_000_000 }),
    // A piece of the longest must fit.
    cacheBytes: count("--cache-mb", values["cache-mb"], { min: 16, max: 16_384 }) * MIB,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        traces: { type: "string", default: TRACE_NAMES.join(",") },
        batches: { type: "string", default: "400000" },
        "cache-mb": { type: "string", default: String(CACHE_BYTES / MIB) },
        runs: { type: "string", default: "5" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    const [first = ""] = String(error instanceof Error ? error.message : error).split(". ");
    throw new BenchError(`${first}; see npm run bench -- eviction --help`);
  }
}

function count(flag: string, value: string, { min, max }: { min: number; max: number }): number {
  const number = /^\d{1,8}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new BenchError(`${flag} takes numbers from ${min} to ${max}, not "${value}"`);
}

function traceName(value: string): TraceName {
  if (isTraceName(value)) return value;
  throw new BenchError(`--traces are ${TRACE_NAMES.join(", ")}, not "${value}"`);
}

function isTraceName(value: string): value is TraceName {
  return TRACE_NAMES.includes(value);
}
