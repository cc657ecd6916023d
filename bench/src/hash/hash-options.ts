import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

/** What is hashed: one large file, as much in several, or very many small ones. */
export const CASES = ["file", "directory", "small-files"] as const;

export type CaseName = (typeof CASES)[number];

export type HashOptions = {
  readonly json: boolean;
  readonly cases: readonly CaseName[];
  readonly sizeMib: number;
  readonly smallFiles: number;
  readonly runs: number;
  readonly threads: number;
};

export const HASH_USAGE = `Usage: npm run bench -- hash [options]

Measures how fast a torrent's content is listed and hashed from the page cache: ours against
mktorrent (v1), libtorrent (hybrid) and what OpenSSL's SHA-1 and SHA-256 alone take.

  --cases LIST          what to hash (file,directory,small-files)
  --size-mb N           size of the file, and of the 64 files of the directory, in MiB (4096)
  --small-files N       how many files of 10 KiB (100000)
  --threads N           threads of each that takes a number (2)
  --runs N              measurements of each, in turn (5)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench hash`. Throws a `BenchError` that says what is wrong. */
export function parseHashOptions(args: readonly string[]): HashOptions | "help" {
  const values = parseFlags("hash", args, {
    cases: { type: "string", default: CASES.join(",") },
    "size-mb": { type: "string", default: "4096" },
    "small-files": { type: "string", default: "100000" },
    runs: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    cases: values.cases.split(",").map(caseName),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 64, max: 65_536 }),
    smallFiles: countOption("--small-files", values["small-files"], { min: 1, max: 200_000 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    threads: countOption("--threads", values.threads, { min: 1, max: 256 }),
  };
}

function caseName(value: string): CaseName {
  const name = CASES.find((each) => each === value);
  if (name !== undefined) return name;
  throw new BenchError(`--cases are ${CASES.join(", ")}, not "${value}"`);
}
