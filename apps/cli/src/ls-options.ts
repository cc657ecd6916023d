import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type LsOptions = {
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const LS_USAGE: string = `Usage: seedfleet ls [options]

Lists what a running fleet seeds: name, size, version and info hash, then where its content lies
and how it is there.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `ls`. Throws `usage` with one line that says what to do. */
export function parseLsOptions(args: readonly string[]): LsOptions | "help" {
  const { values, positionals } = parseCommandLine("ls", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length > 0) throw usageError("Name nothing; see seedfleet ls --help");
  return { natsUrl: natsUrl(values.bus), json: values.json };
}
