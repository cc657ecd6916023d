import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";

/** What is measured; each is a table of the report. */
export const CHOKING_PARTS = ["reciprocation", "adversary", "fleet", "round"] as const;

export type ChokingPart = (typeof CHOKING_PARTS)[number];

export type ChokingOptions = {
  readonly json: boolean;
  readonly parts: readonly ChokingPart[];
  /** How many runs of each case; run n has seed n. */
  readonly seeds: number;
};

export const CHOKING_USAGE: string = `Usage: npm run bench -- choking [options]

Simulates swarms in which gateways and leechers choke as libs/choker says: what giving is worth,
what cheating is worth, and what gateways gain that decide together. The same seeds give the same
figures on any machine. Only the last part is measured: CPU time of a round over 100,000 peers.

  --parts LIST          of ${CHOKING_PARTS.join(", ")} (all)
  --seeds N             runs of each case, with seeds 1 to N (3)
  --json                one JSON object on standard output, with every single run
`;

/** Reads the command line of `bench choking`. Throws a `BenchError` that says what is wrong. */
export function parseChokingOptions(args: readonly string[]): ChokingOptions | "help" {
  const values = parseFlags("choking", args, {
    parts: { type: "string", default: CHOKING_PARTS.join(",") },
    seeds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    parts: values.parts.split(",").map(partName),
    seeds: countOption("--seeds", values.seeds, { min: 1, max: 1_000 }),
  };
}

function partName(value: string): ChokingPart {
  const name = CHOKING_PARTS.find((each) => each === value);
  if (name !== undefined) return name;
  throw new BenchError(`--parts are ${CHOKING_PARTS.join(", ")}, not "${value}"`);
}
