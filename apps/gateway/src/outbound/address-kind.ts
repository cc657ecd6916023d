import { BlockList } from "node:net";
import {
  ipAddressBytes,
  ipAddressFamily,
  ipAddressFromBytes,
  ipAddressText,
  parseIpAddress,
} from "@seedfleet/bytes";

/**
 * Who is behind an address. `never` is nobody, or whom nobody outside may have us ask: addresses of
 * the link, where the machines of clouds are told their secrets, of groups, and those that mean
 * nothing on the way.
 */
export type AddressKind = "public" | "private" | "loopback" | "never";

const LOOPBACK = networks(["127.0.0.0/8", "::1/128"]);

const PRIVATE = networks(["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]);
PRIVATE.addSubnet("fc00::", 7, "ipv6");

const NEVER = networks(["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/3"]);
// Unspecified, to be thrown away, of the link, formerly of a site, of groups.
for (const [address, bits] of [
  ["::", 128],
  ["100::", 64],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  NEVER.addSubnet(address, bits, "ipv6");
}

/** IPv6 that leads to an IPv4 address within it, and where that stands: NAT64, 6to4. */
const CARRIERS = [
  { networks: networks(["64:ff9b::/96"]), at: 12 },
  { networks: networks(["2002::/16"]), at: 2 },
] as const;

/** Null for what is no IP address. An IPv4 address in one of IPv6 is what it is by itself. */
export function addressKind(host: string): AddressKind | null {
  const address = parseIpAddress(host);
  if (address === null) return null;
  const text = ipAddressText(address);
  const family = ipAddressFamily(address);
  for (const { networks, at } of CARRIERS) {
    if (!networks.check(text, family)) continue;
    const carried = ipAddressFromBytes(ipAddressBytes(address).subarray(at, at + 4));
    return carried === null ? "never" : addressKind(ipAddressText(carried));
  }
  if (LOOPBACK.check(text, family)) return "loopback";
  if (PRIVATE.check(text, family)) return "private";
  return NEVER.check(text, family) ? "never" : "public";
}

function networks(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = "", bits] = text.split("/");
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
