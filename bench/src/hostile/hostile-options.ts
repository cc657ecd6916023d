import { BenchError } from "../bench-error.ts";
import { countOption, parseFlags } from "../bench-options.ts";
import { ATTACKS } from "./attacks.ts";

export type HostileOptions = {
  readonly json: boolean;
  readonly attacks: readonly string[];
  readonly perSecond: number;
  readonly connections: number;
  readonly seconds: number;
  readonly sizeMib: number;
  readonly runs: number;
  readonly pipeline: number;
};

const NAMES = ATTACKS.map(({ name }) => name);

export const HOSTILE_USAGE: string = `Usage: npm run bench -- hostile [options]

Measures what well-behaved peers and the gateway's memory notice of hostile ones. Ends with 1 if
memory grows beyond its bound, if an attack is not counted by its reason, or if good peers get less
than 90 % of the bytes a CPU-second of the gateway than before.

  --attacks LIST        which (all): ${NAMES.slice(0, 4).join(", ")},
                        ${NAMES.slice(4, 8).join(", ")},
                        ${NAMES.slice(8, 12).join(", ")},
                        ${NAMES.slice(12).join(", ")}
  --rate N              hostile connections, or bursts of messages, a second (50)
  --connections N       good peers (8)
  --runs N              pairs of before and during, of each attack (3)
  --seconds N           length of a measurement (4)
  --size-mb N           content in MiB (256)
  --pipeline N          requests of 16 KiB outstanding on each good connection (64)
  --json                one JSON object on standard output, not a table
`;

/** Reads the command line of `bench hostile`. Throws a `BenchError` that says what is wrong. */
export function parseHostileOptions(args: readonly string[]): HostileOptions | "help" {
  const values = parseFlags("hostile", args, {
    attacks: { type: "string", default: "all" },
    rate: { type: "string", default: "50" },
    connections: { type: "string", default: "8" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    "size-mb": { type: "string", default: "256" },
    pipeline: { type: "string", default: "64" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    json: values.json,
    attacks: values.attacks === "all" ? NAMES : values.attacks.split(",").map(attackName),
    perSecond: countOption("--rate", values.rate, { min: 1, max: 100_000 }),
    connections: countOption("--connections", values.connections, { min: 1, max: 200 }),
    seconds: countOption("--seconds", values.seconds, { min: 1, max: 3_600 }),
    sizeMib: countOption("--size-mb", values["size-mb"], { min: 16, max: 65_536 }),
    runs: countOption("--runs", values.runs, { min: 1, max: 1_000 }),
    pipeline: countOption("--pipeline", values.pipeline, { min: 1, max: 500 }),
  };
}

function attackName(value: string): string {
  if (NAMES.includes(value)) return value;
  throw new BenchError(`there is no attack "${value}"; see npm run bench -- hostile --help`);
}
