import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

/** More than a piece-store keeps at hand, so that what it was asked before is cold again. */
export const FORGOTTEN_AFTER = 2_048;

export type MillionOptions = {
  readonly json: boolean;
  readonly torrents: number;
  readonly samples: number;
  readonly runs: number;
  readonly settleSeconds: number;
  readonly writesAtOnce: number;
};

export const MILLION_USAGE = `Usage: npm run bench -- million [options]

Measures what torrents that nobody asks for cost a gateway, and how soon the first block of one is
there when somebody does.

  --torrents N          torrents in the catalog (20000); 1000000 is the figure that counts, and
                        takes tens of minutes and some GiB in the directory for temporary files
  --samples N           torrents asked for in a run, at random (1000)
  --runs N              gateways measured with each catalog, one after the other (3)
  --settle N            seconds from a gateway's start until its memory is read (10)
  --writes-at-once N    entries of the catalog written at a time (256)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench million`. Throws a `BenchError` that says what is wrong. */
export function parseMillionOptions(args: readonly string[]): MillionOptions | "help" {
  const values = parseFlags("million", args, {
    torrents: { type: "string", default: "20000" },
    samples: { type: "string", default: "1000" },
    runs: { type: "string", default: "3" },
    settle: { type: "string", default: "10" },
    "writes-at-once": { type: "string", default: "256" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const torrents = countOption("--torrents", values.torrents, { min: 1, max: 5_000_000 });
  const samples = countOption("--samples", values.samples, { min: 1, max: 100_000 });
  if (torrents < samples + FORGOTTEN_AFTER) {
    throw new BenchError(
      `${samples} samples take ${samples + FORGOTTEN_AFTER} torrents, so that a store is asked \
for enough others in between to have forgotten them; raise --torrents`,
    );
  }
  const writes = values["writes-at-once"];
  return {
    json: values.json,
    torrents,
    samples,
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    settleSeconds: countOption("--settle", values.settle, { min: 1, max: 3_600 }),
    writesAtOnce: countOption("--writes-at-once", writes, { min: 1, max: 10_000 }),
  };
}
