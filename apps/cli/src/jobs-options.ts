import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type JobsOptions = {
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const JOBS_USAGE: string = `Usage: seedfleet jobs [options]

Lists what piece-stores of a running fleet were asked to make, adopt or check, the oldest first.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `jobs`. Throws `usage` with one line that says what to do. */
export function parseJobsOptions(args: readonly string[]): JobsOptions | "help" {
  const { values, positionals } = parseCommandLine("jobs", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length > 0) throw usageError("Name nothing; see seedfleet jobs --help");
  return { natsUrl: natsUrl(values.bus), json: values.json };
}
