import { ipAddressFamily, parseIpAddress } from "@seedfleet/bytes";

/** What a home or a machine is given of IPv6, out of which it may take any address it likes. */
const IPV6_PREFIX_BYTES = 8;

/**
 * Where one /64 holds many: all of a link (`fe80::/10`, of which `fe80::/64` is in use), and IPv4
 * that a translator shows to a host without it (`64:ff9b::/96`, RFC 6052).
 */
const SHARED_PREFIXES = ["fe80::", "64:ff9b::"].map((text) => prefixOf(parseIpAddress(text) ?? ""));

/**
 * Where a peer comes from, as limits for each address count it: an IPv4 address, however it is
 * written, or the /64 of an IPv6 address. Equal origins are equal strings; what is no address is
 * one of its own.
 */
export function peerOrigin(remoteAddress: string): string {
  const address = parseIpAddress(remoteAddress);
  if (address === null) return remoteAddress;
  if (ipAddressFamily(address) === "ipv4") return address;
  const prefix = prefixOf(address);
  return SHARED_PREFIXES.includes(prefix) ? address : prefix;
}

/** A peer's IP address, as a tracker knows it where IPv4 comes as IPv6. */
export function remoteHost(remoteAddress = ""): string {
  return remoteAddress.replace(/^::ffff:/, "");
}

function prefixOf(address: string): string {
  return address.slice(0, IPV6_PREFIX_BYTES);
}
