import type { InfoHash } from "@seedfleet/bytes";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { readInfoHash } from "./info-hash-argument.ts";
import { usageError } from "./usage-error.ts";

export type CancelOptions = {
  /** The job's id; or of a mirror its info hash, however it was written. */
  readonly job: string;
  /** Of a mirror; null of a job, whose id is of another length. */
  readonly infoHash: InfoHash | null;
  /** Whether what was downloaded is removed. */
  readonly delete: boolean;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

/** As the contract has it: anything else can be the id of no job. */
const JOB_ID = /^[-_a-zA-Z0-9]{1,64}$/;

export const CANCEL_USAGE: string = `Usage: seedfleet cancel JOB|INFO_HASH [options]

Cancels a job that has not ended, and forgets what it hashed so far; seedfleet jobs lists them. Or
ends a mirror, and keeps what was downloaded; seedfleet mirrors lists those. Of one that is complete
it ends that its swarm is told of it; it is seeded as before.

  --delete                 remove what was downloaded, also where it is complete
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `cancel`. Throws `usage` with one line that says what to do. */
export function parseCancelOptions(args: readonly string[]): CancelOptions | "help" {
  const { values, positionals } = parseCommandLine("cancel", args, {
    delete: { type: "boolean", default: false },
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [job] = positionals;
  if (job === undefined || positionals.length > 1) {
    throw usageError("Name one job or info hash; see seedfleet cancel --help");
  }
  if (!JOB_ID.test(job)) throw usageError(`"${job}" is the id of no job; see seedfleet jobs`);
  const infoHash = readInfoHash(job);
  if (values.delete && infoHash === null) {
    throw usageError("--delete is for a mirror: name its info hash");
  }
  const { delete: deletes, json } = values;
  return { job, infoHash, delete: deletes, natsUrl: natsUrl(values.bus), json };
}
