import type { TrackerConfig } from "../config.ts";
import { openHandout } from "../handout/open-handout.ts";
import type { HandoutSettings } from "../handout/plan-handout.ts";
import { connectionIdKey } from "./connection-id-key.ts";
import type { DoorsConfig } from "./doors.ts";
import { namedNetworks } from "./named-networks.ts";
import type { HostConfig } from "./replica-host.ts";

/** A peer that let this many intervals pass is gone; half a one is for clients that are late. */
const PEER_TIMEOUT_INTERVALS = 1.5;

/** The settings of a replica as plain data, which goes from thread to thread. */
export type ReplicaStart = TrackerConfig & {
  readonly udpKey: Uint8Array;
  /** Whether other threads listen at the same ports. */
  readonly shared: boolean;
};

export function replicaStart(config: TrackerConfig): ReplicaStart {
  return { ...config, udpKey: connectionIdKey(config.udpSecret), shared: false };
}

/** Throws what `openHandout` throws. */
export async function hostConfig(
  start: ReplicaStart,
): Promise<HostConfig & { readonly handout: HandoutSettings }> {
  const { mode, intervalMs, minIntervalMs, udpKey, shared } = start;
  const { peersMax, peersPerSwarmMax, swarmsMax, peerIdsMax } = start;
  const peerTimeoutMs = intervalMs * PEER_TIMEOUT_INTERVALS;
  const doors: DoorsConfig = {
    ...{ host: start.host, port: start.port, udp: start.udp, udpPort: start.udpPort },
    ...{ udpKey, shared, connectionsMax: start.connectionsMax, trackerId: start.trackerId },
    wholeScrape: start.wholeScrape && mode === "open",
    requestsPerAddressMax: start.requestsPerAddressMax === 0 ? null : start.requestsPerAddressMax,
    trustedNetworks: namedNetworks(start.trustedNetworks, "SEEDFLEET_TRACKER_TRUSTED_NETWORKS"),
    forwardingProxies: namedNetworks(
      start.forwardingProxies,
      "SEEDFLEET_TRACKER_FORWARDING_PROXIES",
    ),
    proxyProtocolProxies: namedNetworks(
      start.proxyProtocolProxies,
      "SEEDFLEET_TRACKER_PROXY_PROTOCOL_PROXIES",
    ),
  };
  const swarms = { peerTimeoutMs, peersMax, peersPerSwarmMax, swarmsMax, peerIdsMax };
  const replica = { mode, intervalMs, minIntervalMs, swarms };
  return { replica, doors, handout: await openHandout(start) };
}
