import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type CancelOptions = {
  /** The job's id. */
  readonly job: string;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

/** As the contract has it: anything else can be the id of no job. */
const JOB_ID = /^[-_a-zA-Z0-9]{1,64}$/;

export const CANCEL_USAGE: string = `Usage: seedfleet cancel JOB [options]

Cancels a job that has not ended. seedfleet jobs lists them. What it hashed so far is forgotten.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `cancel`. Throws `usage` with one line that says what to do. */
export function parseCancelOptions(args: readonly string[]): CancelOptions | "help" {
  const { values, positionals } = parseCommandLine("cancel", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [job] = positionals;
  if (job === undefined || positionals.length > 1) {
    throw usageError("Name one job; see seedfleet cancel --help");
  }
  if (!JOB_ID.test(job)) throw usageError(`"${job}" is the id of no job; see seedfleet jobs`);
  return { job, natsUrl: natsUrl(values.bus), json: values.json };
}
