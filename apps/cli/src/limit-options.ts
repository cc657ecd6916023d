import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { TORRENT_ZONES_MAX, zoneName } from "@seedfleet/contracts";
import { parseBytes } from "@seedfleet/runtime";
import { budgetValue, labelValue } from "./budget-values.ts";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

/** What is to be changed of a torrent: null takes it away, undefined leaves it. */
export type TorrentLimits = {
  readonly bytesPerSecond: number | null | undefined;
  /** Of all gateways together. */
  readonly fleetBytesPerSecond: number | null | undefined;
  readonly class: string | null | undefined;
  /** Of the gateways that peers are told of. */
  readonly zones: readonly string[] | null | undefined;
};

export type LimitOptions = TorrentLimits & {
  readonly infoHash: InfoHash;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const LIMIT_USAGE: string = `Usage: seedfleet limit INFO_HASH [options]

Sets how much upload a torrent gets, and which gateways peers are told of, at once and for good.

  --upload BYTES           what its peers of one gateway are sent a second at most, as 500KiB;
                           none: no own limit
  --budget BYTES           what its peers of all gateways together are sent a second at most; none:
                           no budget
  --label NAME             its label (or --class NAME), by which it has a part of what gateways
                           promise (SEEDFLEET_GATEWAY_UPLOAD_PROMISES) and of the label's budget
                           (seedfleet budget); none: no label
  --zones ZONE[,ZONE…]     trackers tell its peers of gateways of these zones only
                           (SEEDFLEET_GATEWAY_ZONE); any: of gateways anywhere
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `limit`. Throws `usage` with one line that says what to do. */
export function parseLimitOptions(args: readonly string[]): LimitOptions | "help" {
  const { values, positionals } = parseCommandLine("limit", args, {
    upload: { type: "string" },
    budget: { type: "string" },
    class: { type: "string" },
    label: { type: "string" },
    zones: { type: "string" },
    bus: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return "help";
  const [text = ""] = positionals;
  const infoHash = parseInfoHash(text);
  if (infoHash === null || positionals.length > 1) {
    throw usageError("Name one torrent by its info hash of 40 hex digits; see seedfleet ls");
  }
  const limits = limitsOf(values);
  if (Object.values(limits).every((each) => each === undefined)) {
    throw usageError("Say what to change, as --upload or --label; see seedfleet limit --help");
  }
  return { infoHash, ...limits, natsUrl: natsUrl(values.bus), json: values.json };
}

type Values = {
  readonly [Flag in "upload" | "budget" | "class" | "label" | "zones"]?: string | undefined;
};

function limitsOf(values: Values): TorrentLimits {
  if (values.class !== undefined && values.label !== undefined) {
    throw usageError("--label and --class are the same; say one of them");
  }
  const name = values.label ?? values.class;
  const flag = values.label === undefined ? "--class" : "--label";
  return {
    bytesPerSecond: given(values.upload, upload),
    fleetBytesPerSecond: given(values.budget, (value) => budgetValue("--budget", value)),
    class: given(name, (value) => labelValue(flag, value)),
    zones: given(values.zones, zoneNames),
  };
}

function given<Value>(
  value: string | undefined,
  parse: (value: string) => Value,
): Value | undefined {
  return value === undefined ? undefined : parse(value);
}

function upload(value: string): number | null {
  if (value === "none") return null;
  const bytes = parseBytes(value);
  if (bytes !== null && bytes > 0) return bytes;
  throw usageError(`--upload is a number of bytes a second, as 500KiB, or none, not "${value}"`);
}

/** Each once, in the order they were named. */
function zoneNames(value: string): readonly string[] | null {
  if (value === "any") return null;
  const names = [...new Set(value.split(","))];
  const known = names.every((name) => zoneName.safeParse(name).success);
  if (known && names.length <= TORRENT_ZONES_MAX) return names;
  throw usageError(
    `--zones is up to ${TORRENT_ZONES_MAX} names of a-z, 0-9, - and _ with commas between, or ` +
      `any, not "${value}"`,
  );
}
