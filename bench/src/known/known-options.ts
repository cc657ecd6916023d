import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

/** A piece-store on NATS as a process of its own, and `seedfleet up`, which embeds its bus. */
export const KNOWN_CASES = ["store", "up"] as const;

export type KnownCase = (typeof KNOWN_CASES)[number];

export type KnownOptions = {
  readonly json: boolean;
  readonly cases: readonly KnownCase[];
  readonly torrents: number;
  readonly runs: number;
  /** Whether `up` is measured until it has told of every torrent, too. */
  readonly told: boolean;
};

export const KNOWN_USAGE = `Usage: npm run bench -- known [options]

Measures how long a process takes from its start until it is ready, with very many torrents that it
published before, and that it hashes nothing of them again.

  --cases LIST          store: a piece-store on NATS; up: seedfleet up, on its own bus (store,up)
  --torrents N          how many it knows (10000)
  --told                up: also until it has told of every torrent on its standard output
  --runs N              starts of each (5)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench known`. Throws a `BenchError` that says what is wrong. */
export function parseKnownOptions(args: readonly string[]): KnownOptions | "help" {
  const values = parseFlags("known", args, {
    cases: { type: "string", default: KNOWN_CASES.join(",") },
    torrents: { type: "string", default: "10000" },
    told: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    cases: values.cases.split(",").map(caseName),
    torrents: countOption("--torrents", values.torrents, { min: 1, max: 20_000 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    told: values.told,
  };
}

function caseName(value: string): KnownCase {
  const name = KNOWN_CASES.find((each) => each === value);
  if (name !== undefined) return name;
  throw new BenchError(`--cases are ${KNOWN_CASES.join(", ")}, not "${value}"`);
}
