import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import { label, TORRENT_ZONES_MAX, zoneName } from "@seedfleet/contracts";
import { parseBytes } from "@seedfleet/runtime";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type LimitOptions = {
  readonly infoHash: InfoHash;
  /** Null takes the limit away; undefined leaves it. */
  readonly bytesPerSecond: number | null | undefined;
  readonly class: string | null | undefined;
  /** Of the gateways that peers are told of. */
  readonly zones: readonly string[] | null | undefined;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const LIMIT_USAGE: string = `Usage: seedfleet limit INFO_HASH [options]

Sets how much of each gateway's upload a torrent gets, and which gateways peers are told of, at
once and for good.

  --upload BYTES           what its peers are sent a second at most, as 500KiB; none: no own limit
  --class NAME             the class by which it has a part of what gateways promise
                           (SEEDFLEET_GATEWAY_UPLOAD_PROMISES); none: no class
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
    class: { type: "string" },
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
  const { upload: rate, class: name, zones } = values;
  if (rate === undefined && name === undefined && zones === undefined) {
    throw usageError("Say --upload, --class or --zones; see seedfleet limit --help");
  }
  return {
    infoHash,
    bytesPerSecond: rate === undefined ? undefined : upload(rate),
    class: name === undefined ? undefined : className(name),
    zones: zones === undefined ? undefined : zoneNames(zones),
    natsUrl: natsUrl(values.bus),
    json: values.json,
  };
}

function upload(value: string): number | null {
  if (value === "none") return null;
  const bytes = parseBytes(value);
  if (bytes !== null && bytes > 0) return bytes;
  throw usageError(`--upload is a number of bytes a second, as 500KiB, or none, not "${value}"`);
}

function className(value: string): string | null {
  if (value === "none") return null;
  if (label.safeParse(value).success) return value;
  throw usageError(`--class is a name of a-z, 0-9, - and _, or none, not "${value}"`);
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
