import type { PreheatRequest } from "@seedfleet/contracts";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { infoHashArgument } from "./info-hash-argument.ts";
import { gatewayArgument } from "./process-argument.ts";
import { usageError } from "./usage-error.ts";

export type PreheatOptions = PreheatRequest & {
  /** Null is every gateway. */
  readonly gateway: string | null;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const PREHEAT_USAGE: string = `Usage: seedfleet preheat INFO_HASH [options]

Brings a torrent into the memory of gateways before peers ask for it: as much of it, from its
start, as their caches hold, and behind what peers ask for meanwhile. Stopping the command stops
the work; what was brought stays.

Ends with 1 if a gateway could not do it or a piece could not be had.

  --gateway ID             this one, and not all of them
  --pieces FIRST-LAST      these pieces, counted from 0, and not all of them
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `preheat`. Throws `usage` with one line that says what to do. */
export function parsePreheatOptions(args: readonly string[]): PreheatOptions | "help" {
  const { values, positionals } = parseCommandLine("preheat", args, {
    gateway: { type: "string" },
    pieces: { type: "string" },
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  return {
    infoHash: infoHashArgument("preheat", positionals),
    pieces: values.pieces === undefined ? null : pieceRange(values.pieces),
    gateway: values.gateway === undefined ? null : gatewayArgument(values.gateway),
    natsUrl: natsUrl(values.bus),
    json: values.json,
  };
}

function pieceRange(value: string): { readonly first: number; readonly last: number } {
  const [, first, last] = /^(\d{1,7})-(\d{1,7})$/.exec(value) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (range.first <= range.last) return range;
  throw usageError(`--pieces is FIRST-LAST, as 0-99, not "${value}"`);
}
