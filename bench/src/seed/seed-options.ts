import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BenchError } from "../bench-error.ts";
import type { SeederName } from "./seeder.ts";

export type SeedOptions = {
  readonly json: boolean;
  readonly connections: readonly number[];
  readonly seconds: number;
  readonly sizeMib: number;
  readonly runs: number;
  readonly pipeline: number;
  readonly peers: readonly SeederName[];
};

export const SEED_USAGE = `Usage: npm run bench -- seed [options]

Measures MB per CPU-second of seeders that serve the same content from warm caches.

  --peers LIST          seeders, the first against each other one (seedfleet,libtorrent);
                        seedfleet=DIR is another checkout of Seedfleet
  --connections LIST    connections at once (1,8,64)
  --runs N              measurements of each, in turn (5)
  --seconds N           length of a measurement (3)
  --size-mb N           content in MiB (1024)
  --pipeline N          requests of 16 KiB outstanding on each connection (64)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench seed`. Throws a `BenchError` that says what is wrong. */
export function parseSeedOptions(args: readonly string[]): SeedOptions | "help" {
  const { values } = parsed(args);
  if (values.help) return "help";
  const peers = values.peers.split(",").map(seederName);
  if (peers[0]?.kind !== "seedfleet") {
    throw new BenchError("--peers begins with seedfleet, which makes the .torrent for all");
  }
  return {
    json: values.json,
    connections: values.connections
      .split(",")
      .map((value) => count("--connections", value, { min: 1, max: 4_000 })),
    seconds: count("--seconds", values.seconds, { min: 1, max: 3_600 }),
    sizeMib: count("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    runs: count("--runs", values.runs, { min: 1, max: 1_000 }),
    pipeline: count("--pipeline", values.pipeline, { min: 1, max: 500 }),
    peers,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        peers: { type: "string", default: "seedfleet,libtorrent" },
        connections: { type: "string", default: "1,8,64" },
        runs: { type: "string", default: "5" },
        seconds: { type: "string", default: "3" },
        "size-mb": { type: "string", default: "1024" },
        pipeline: { type: "string", default: "64" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    const [first = ""] = String(error instanceof Error ? error.message : error).split(". ");
    throw new BenchError(`${first}; see npm run bench -- seed --help`);
  }
}

function count(flag: string, value: string, { min, max }: { min: number; max: number }): number {
  const number = /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new BenchError(`${flag} takes numbers from ${min} to ${max}, not "${value}"`);
}

function seederName(value: string): SeederName {
  if (value === "libtorrent") return { kind: "libtorrent" };
  if (value === "seedfleet") return { kind: "seedfleet", checkout: null };
  const [, checkout] = /^seedfleet=(.+)$/.exec(value) ?? [];
  if (checkout !== undefined) return { kind: "seedfleet", checkout: resolve(checkout) };
  throw new BenchError(`--peers are seedfleet, libtorrent and seedfleet=DIR, not "${value}"`);
}
