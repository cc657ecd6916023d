import { type InfoHash, parseInfoHash } from "@seedfleet/bytes";
import {
  CHOKING_WEIGHT_MAX,
  CHOKING_WEIGHT_MIN,
  type ChokingPolicy,
  chokingPolicy,
} from "@seedfleet/contracts";
import { BUS_USAGE, natsUrl } from "./bus-option.ts";
import { parseCommandLine } from "./command-line.ts";
import { usageError } from "./usage-error.ts";

export type ChokingOptions = {
  readonly infoHash: InfoHash;
  /** Null leaves it to the gateways' settings; undefined leaves it as it is. */
  readonly policy: ChokingPolicy | null | undefined;
  readonly weight: number | undefined;
  readonly superSeeding: boolean | undefined;
  readonly natsUrl: string | null;
  readonly json: boolean;
};

export const CHOKING_USAGE: string = `Usage: seedfleet choking INFO_HASH [options]

Sets whom a torrent's unchoke slots go to, and what its peers are told that we have, at once and for
good.

  --policy NAME            round_robin, fastest_upload, anti_leech or legout; default: as gateways
                           are set to
  --weight NUMBER          where the uplink is full, twice the weight has twice the slots
  --super-seeding on|off   each piece is told to one peer first (BEP 16), so that little more than
                           one copy is uploaded before the swarm has all of a new torrent; peers
                           that are connected when it is turned on know of everything already
${BUS_USAGE}
  --json                   one JSON object a line on standard output
  --help                   this text
`;

/** Reads the command line of `choking`. Throws `usage` with one line that says what to do. */
export function parseChokingOptions(args: readonly string[]): ChokingOptions | "help" {
  const { values, positionals } = parseCommandLine("choking", args, {
    policy: { type: "string" },
    weight: { type: "string" },
    "super-seeding": { type: "string" },
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
  const { policy, weight, "super-seeding": superSeeding } = values;
  if (policy === undefined && weight === undefined && superSeeding === undefined) {
    throw usageError("Say --policy, --weight or --super-seeding; see seedfleet choking --help");
  }
  return {
    infoHash,
    policy: policy === undefined ? undefined : policyNamed(policy),
    weight: weight === undefined ? undefined : weightOf(weight),
    superSeeding: superSeeding === undefined ? undefined : isOn(superSeeding),
    natsUrl: natsUrl(values.bus),
    json: values.json,
  };
}

function policyNamed(value: string): ChokingPolicy | null {
  if (value === "default") return null;
  const named = chokingPolicy.safeParse(value);
  if (named.success) return named.data;
  throw usageError(
    `--policy is round_robin, fastest_upload, anti_leech, legout or default, not "${value}"`,
  );
}

function weightOf(value: string): number {
  const weight = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (weight >= CHOKING_WEIGHT_MIN && weight <= CHOKING_WEIGHT_MAX) return weight;
  throw usageError(
    `--weight is a number from ${CHOKING_WEIGHT_MIN} to ${CHOKING_WEIGHT_MAX}, not "${value}"`,
  );
}

function isOn(value: string): boolean {
  if (value === "on" || value === "off") return value === "on";
  throw usageError(`--super-seeding is on or off, not "${value}"`);
}
