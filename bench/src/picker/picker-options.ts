import { countOption, parseFlags } from "../bench-options.ts";

export type PickerOptions = {
  readonly json: boolean;
  readonly pieces: number;
  readonly peers: number;
  readonly runs: number;
};

export const PICKER_USAGE = `Usage: npm run bench -- picker [options]

Measures how many HAVEs and picks a second the piece picker takes, in this process.

  --pieces N            pieces of the torrent, of 256 KiB (1000000)
  --peers N             peers, a tenth of them seeds, the others with few pieces (1000)
  --runs N              how often each is measured (5)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench picker`. Throws a `BenchError` that says what is wrong. */
export function parsePickerOptions(args: readonly string[]): PickerOptions | "help" {
  const values = parseFlags("picker", args, {
    pieces: { type: "string", default: "1000000" },
    peers: { type: "string", default: "1000" },
    runs: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    pieces: countOption("--pieces", values.pieces, { min: 10_000, max: 10_000_000 }),
    peers: countOption("--peers", values.peers, { min: 10, max: 10_000 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
  };
}
