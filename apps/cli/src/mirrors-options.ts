import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type MirrorsOptions = {
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const MIRRORS_USAGE: string = `Usage: seedfleet mirrors [options]

Lists what gateways of a running fleet download from swarms of others, the oldest first, and how far
each is; and what is complete and goes on being announced to its swarm. See seedfleet ls for what is
seeded.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `mirrors`. Throws `usage` with one line that says what to do. */
export function parseMirrorsOptions(args: readonly string[]): MirrorsOptions | "help" {
  const { values, positionals } = parseCommandLine("mirrors", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length > 0) throw usageError("Name nothing; see seedfleet mirrors --help");
  return { natsUrl: natsUrl(values.bus), json: values.json };
}
