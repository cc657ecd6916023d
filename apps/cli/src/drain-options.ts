import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { gatewayArgument } from "./process-argument.ts";
import { usageError } from "./usage-error.ts";

export type DrainOptions = {
  /** The gateway's id. */
  readonly gateway: string;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const DRAIN_USAGE: string = `Usage: seedfleet drain GATEWAY_ID [options]

Has a gateway leave the fleet as SIGTERM does: it takes no new peers, answers what was asked, tells
its peers of the other gateways and ends. Waits until it is gone. Whatever starts processes again
when they end (Kubernetes, systemd) may start this one again.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `drain`. Throws `usage` with one line that says what to do. */
export function parseDrainOptions(args: readonly string[]): DrainOptions | "help" {
  const { values, positionals } = parseCommandLine("drain", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [named] = positionals;
  if (named === undefined || positionals.length > 1) {
    throw usageError("Name one gateway; see seedfleet drain --help");
  }
  return { gateway: gatewayArgument(named), natsUrl: natsUrl(values.bus), json: values.json };
}
