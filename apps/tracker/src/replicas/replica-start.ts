import type { MessagePort } from "node:worker_threads";
import type { TrackerConfig } from "../config.ts";
import { openHandout } from "../handout/open-handout.ts";
import type { HandoutSettings } from "../handout/plan-handout.ts";
import type { ThreadWay } from "../threads/sibling.ts";
import type { ThreadShare } from "../threads/siblings.ts";
import { connectionIdKey } from "./connection-id-key.ts";
import type { DoorsConfig } from "./doors.ts";
import { namedNetworks } from "./named-networks.ts";
import type { HostConfig } from "./replica-host.ts";

/** A peer that let this many intervals pass is gone; half a one is for clients that are late. */
const PEER_TIMEOUT_INTERVALS = 1.5;

/** Peers of a private tracker whose last totals are remembered, at some 240 bytes each. */
export const LEDGER_PEERS_MAX = 500_000;

/** The settings of a replica as plain data, which goes from thread to thread. */
export type ReplicaStart = TrackerConfig & {
  readonly udpKey: Uint8Array;
  /** The part of a thread, of several that listen at the same ports. */
  readonly share: ThreadShare | null;
};

/** What a thread is started with. */
export type WorkerStart = {
  readonly start: ReplicaStart;
  /** To each thread by its number; null to itself. */
  readonly siblings: readonly (ThreadWay<MessagePort> | null)[];
};

export function replicaStart(config: TrackerConfig): ReplicaStart {
  return { ...config, udpKey: connectionIdKey(config.udpSecret), share: null };
}

/** Throws what `openHandout` throws. */
export async function hostConfig(
  start: ReplicaStart,
): Promise<HostConfig & { readonly handout: HandoutSettings }> {
  const { mode, intervalMs, minIntervalMs, udpKey, share } = start;
  const { peersPerSwarmMax } = start;
  const threads = share?.shares.threads ?? 1;
  const partOf = (max: number): number => Math.ceil(max / threads);
  const peerTimeoutMs = intervalMs * PEER_TIMEOUT_INTERVALS;
  const doors: DoorsConfig = {
    ...{ host: start.host, port: start.port, udp: start.udp, udpPort: start.udpPort },
    ...{
      udpKey,
      shares: share?.shares ?? null,
      connectionsMax: start.connectionsMax,
      trackerId: start.trackerId,
    },
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
  const swarms = {
    // Of peers, how many there are in all threads is told each second.
    ...{ peerTimeoutMs, peersMax: start.peersMax, peersPerSwarmMax },
    swarmsMax: partOf(start.swarmsMax),
    peerIdsMax: partOf(start.peerIdsMax),
  };
  const ledgerPeersMax = partOf(LEDGER_PEERS_MAX);
  const replica = { mode, intervalMs, minIntervalMs, swarms, ledgerPeersMax, share };
  return { replica, doors, handout: await openHandout(start) };
}
