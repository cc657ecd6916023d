import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

/** What lies between whoever offers pieces and the piece-store. */
export type WriteBus = "nats" | "embedded";

export type WriteOptions = {
  readonly json: boolean;
  readonly buses: readonly WriteBus[];
  readonly runs: number;
  readonly sizeMib: number;
  readonly piecesKib: readonly number[];
  readonly piecesAtOnce: number;
  /** Null takes one for temporary files. */
  readonly directory: string | null;
};

export const WRITE_USAGE = `Usage: npm run bench -- write [options]

Measures what it costs a piece-store to take pieces that are offered: to fetch, check, write and
sync them. A process offers the pieces of a v1 torrent that it has in memory.

  --buses LIST          nats (three processes), embedded (one process) (nats,embedded)
  --runs N              measurements of each, in turn (3)
  --size-mb N           content in MiB (1024)
  --pieces-kb LIST      lengths of a piece in KiB, powers of two (256,1024,4096)
  --pieces-at-once N    pieces offered at a time (32)
  --directory PATH      where it is written; without it where temporary files are
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench write`. Throws a `BenchError` that says what is wrong. */
export function parseWriteOptions(args: readonly string[]): WriteOptions | "help" {
  const values = parseFlags("write", args, {
    buses: { type: "string", default: "nats,embedded" },
    runs: { type: "string", default: "3" },
    "size-mb": { type: "string", default: "1024" },
    "pieces-kb": { type: "string", default: "256,1024,4096" },
    "pieces-at-once": { type: "string", default: "32" },
    directory: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    buses: values.buses.split(",").map(busName),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    piecesKib: values["pieces-kb"].split(",").map(pieceKib),
    piecesAtOnce: countOption("--pieces-at-once", values["pieces-at-once"], { min: 1, max: 256 }),
    directory: values.directory === "" ? null : values.directory,
  };
}

function pieceKib(value: string): number {
  const number = countOption("--pieces-kb", value, { min: 16, max: 16_384 });
  if (Number.isInteger(Math.log2(number))) return number;
  throw new BenchError(`--pieces-kb takes powers of two, not "${value}"`);
}

function busName(value: string): WriteBus {
  if (value === "nats" || value === "embedded") return value;
  throw new BenchError(`--buses are nats and embedded, not "${value}"`);
}
