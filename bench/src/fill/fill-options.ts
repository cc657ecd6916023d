import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

/** What lies between the piece-store and the gateway. */
export type FillBus = "nats" | "embedded";

export type FillOptions = {
  readonly json: boolean;
  readonly buses: readonly FillBus[];
  readonly runs: number;
  readonly sizeMib: number;
  readonly pieceKib: number;
  readonly cacheMib: number;
  readonly piecesAtOnce: number;
};

export const FILL_USAGE = `Usage: npm run bench -- fill [options]

Measures how fast a gateway fills its cache from a piece-store, every piece checked by its hash.

  --buses LIST          nats (three processes), embedded (one process) (nats,embedded)
  --runs N              measurements of each, in turn (5)
  --size-mb N           content in MiB (1024)
  --piece-kb N          length of a piece in KiB, a power of two (1024)
  --cache-mb N          the gateway's cache in MiB (256)
  --pieces-at-once N    pieces asked for at a time (16)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench fill`. Throws a `BenchError` that says what is wrong. */
export function parseFillOptions(args: readonly string[]): FillOptions | "help" {
  const values = parseFlags("fill", args, {
    buses: { type: "string", default: "nats,embedded" },
    runs: { type: "string", default: "5" },
    "size-mb": { type: "string", default: "1024" },
    "piece-kb": { type: "string", default: "1024" },
    "cache-mb": { type: "string", default: "256" },
    "pieces-at-once": { type: "string", default: "16" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    buses: values.buses.split(",").map(busName),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    pieceKib: powerOfTwo("--piece-kb", values["piece-kb"], { min: 16, max: 16_384 }),
    cacheMib: countOption("--cache-mb", values["cache-mb"], { min: 1, max: 65_536 }),
    piecesAtOnce: countOption("--pieces-at-once", values["pieces-at-once"], { min: 1, max: 1_000 }),
  };
}

type Range = { readonly min: number; readonly max: number };

function powerOfTwo(flag: string, value: string, range: Range): number {
  const number = countOption(flag, value, range);
  if (Number.isInteger(Math.log2(number))) return number;
  throw new BenchError(`${flag} takes a power of two, not "${value}"`);
}

function busName(value: string): FillBus {
  if (value === "nats" || value === "embedded") return value;
  throw new BenchError(`--buses are nats and embedded, not "${value}"`);
}
