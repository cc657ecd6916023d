import { ipAddressBytes, parseIpAddress } from "@seedfleet/bytes";
import { zoneName } from "@seedfleet/contracts";
import { SeedfleetError } from "@seedfleet/runtime";
import { type ZonePrefix, ZoneTable } from "./zone-table.ts";

/** A country's networks by region fit ten times over; 10 MB of text and 4 MB of memory. */
export const ZONE_ROWS_MAX = 100_000;

/** Zones are places that have gateways of their own; their numbers have two bytes in the table. */
export const ZONES_MAX = 4_096;

const IPV4_BITS = 32;
const IPV6_BITS = 128;

/** What `::ffff:0:0/96` puts before an IPv4 address, in bits. */
const IPV4_MAPPED_BITS = IPV6_BITS - IPV4_BITS;

/** Text of a row that a message quotes: a binary file must not fill the terminal. */
const QUOTED_CHARS_MAX = 80;

export type ZoneRowInvalid = {
  readonly code: "zone-row-invalid";
  /** The first line is 1. */
  readonly line: number;
};

/**
 * Reads a table of zones: a line for each prefix, as `192.0.2.0/24 berlin` or `2001:db8::/32,oslo`;
 * an address alone is a prefix of its own. Empty lines and what follows a `#` mean nothing. Throws
 * `zone-row-invalid` on the first line that is wrong.
 */
export function parseZoneTable(text: string): ZoneTable {
  const zones = new Map<string, number>();
  const seen = new Map<string, number>();
  const ipv4: ZonePrefix[] = [];
  const ipv6: ZonePrefix[] = [];
  for (const [index, full] of text.split("\n").entries()) {
    const row = full.replace(/#.*/s, "").trim();
    if (row === "") continue;
    const refuse = (why: string): never => {
      throw rowInvalid({ line: index + 1, row, why });
    };
    if (seen.size === ZONE_ROWS_MAX) refuse(`there are more than ${ZONE_ROWS_MAX} rows`);
    const [cidr = "", name = "", ...more] = row.split(/[\s,]+/);
    if (more.length > 0) refuse('a row is a CIDR and a zone, as "192.0.2.0/24 berlin"');
    if (!zoneName.safeParse(name).success) refuse("a zone is 1 to 32 of a-z, 0-9, - and _");
    const range = parseCidr(cidr);
    if (typeof range === "string") return refuse(range);
    const key = `${range.bits}:${range.start}-${range.end}`;
    const before = seen.get(key);
    if (before !== undefined) refuse(`line ${before} has the same prefix`);
    seen.set(key, index + 1);
    const zone = zones.get(name) ?? zones.size + 1;
    if (zone > ZONES_MAX) refuse(`there are more than ${ZONES_MAX} zones`);
    zones.set(name, zone);
    (range.bits === IPV4_BITS ? ipv4 : ipv6).push({ start: range.start, end: range.end, zone });
  }
  return new ZoneTable({ names: [...zones.keys()], ipv4, ipv6 });
}

type CidrRange = { readonly bits: number; readonly start: bigint; readonly end: bigint };

/** A range of addresses, or what is wrong with its text. */
function parseCidr(text: string): CidrRange | string {
  const [host = "", length = null, ...more] = text.split("/");
  const address = parseIpAddress(host);
  if (address === null || host.includes("%") || more.length > 0) {
    return `"${text.slice(0, QUOTED_CHARS_MAX)}" is not an address with a prefix length`;
  }
  const bytes = ipAddressBytes(address);
  const bits = bytes.length * 8;
  const written = host.includes(":") ? IPV6_BITS : IPV4_BITS;
  const prefix = length === null ? written : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  const mapped = written === bits ? 0 : IPV4_MAPPED_BITS;
  if (prefix < mapped || prefix > written) {
    return `a prefix length here is from ${mapped} to ${written}`;
  }
  const start = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const below = (1n << BigInt(written - prefix)) - 1n;
  if ((start & below) !== 0n) return `${host} has bits set beyond its prefix`;
  return { bits, start, end: start | below };
}

function rowInvalid({
  line,
  row,
  why,
}: {
  readonly line: number;
  readonly row: string;
  readonly why: string;
}): SeedfleetError<ZoneRowInvalid> {
  const quoted = JSON.stringify(row.slice(0, QUOTED_CHARS_MAX));
  return new SeedfleetError(`Cannot read line ${line} of the zones, ${quoted}: ${why}`, {
    code: "zone-row-invalid",
    line,
  });
}
