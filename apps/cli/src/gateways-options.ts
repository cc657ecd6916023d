import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type GatewaysOptions = {
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const GATEWAYS_USAGE: string = `Usage: seedfleet gateways [options]

Lists the gateways of a running fleet: the address that peers are told and whether it leads there,
zone, peers, upload rate, cache, and the torrents of which the most is cached.

${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `gateways`. Throws `usage` with one line that says what to do. */
export function parseGatewaysOptions(args: readonly string[]): GatewaysOptions | "help" {
  const { values, positionals } = parseCommandLine("gateways", args, {
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  if (positionals.length > 0) throw usageError("Name nothing; see seedfleet gateways --help");
  return { natsUrl: natsUrl(values.bus), json: values.json };
}
