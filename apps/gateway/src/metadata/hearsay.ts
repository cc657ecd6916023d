import { BlockList, isIPv6 } from "node:net";
import type { HostPort } from "@seedfleet/contracts";

/** Addresses that lead to this host, its own networks, or nowhere. */
const NEARBY = nearbyAddresses();

/**
 * Those of the addresses a peer told of that it may well know. One from the internet has no
 * business with what is behind our firewall: it would have us knock at doors it cannot reach.
 */
export function plausible(addresses: readonly HostPort[], tellerHost: string): readonly HostPort[] {
  return isNearby(tellerHost) ? addresses : addresses.filter(({ host }) => !isNearby(host));
}

function isNearby(host: string): boolean {
  return NEARBY.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

function nearbyAddresses(): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of [
    ...([
      ["0.0.0.0", 8],
      ["10.0.0.0", 8],
      ["100.64.0.0", 10],
      ["127.0.0.0", 8],
    ] as const),
    ...([
      ["169.254.0.0", 16],
      ["172.16.0.0", 12],
      ["192.168.0.0", 16],
      ["224.0.0.0", 3],
    ] as const),
  ]) {
    list.addSubnet(network, prefix, "ipv4");
  }
  for (const [network, prefix] of [
    ...([
      ["::", 127],
      ["fc00::", 7],
      ["fe80::", 10],
      ["ff00::", 8],
    ] as const),
  ]) {
    list.addSubnet(network, prefix, "ipv6");
  }
  return list;
}
