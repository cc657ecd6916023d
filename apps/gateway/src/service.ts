export { DhtPeers, type DhtPeersPorts, type DhtSearchEvents } from "./announcing/dht-peers.ts";
export {
  type ShownTracker,
  TrackerAnnounces,
  type TrackerAnnouncesEvents,
  type TrackerAnnouncesOptions,
  type TrackerAnnouncesPorts,
} from "./announcing/tracker-announces.ts";
export { TrackerClients, type TrackerClientsPorts } from "./announcing/tracker-clients.ts";
export { PieceCache } from "./blocks/piece-cache.ts";
export { type GatewayConfig, gatewayConfig, WORKERS_MAX } from "./config.ts";
export { HASHES_BESIDE, openTaking, type Taking } from "./fills/open-taking.ts";
export { PieceFills } from "./fills/piece-fills.ts";
export { pieceReader } from "./fills/read-piece.ts";
export {
  MetadataFetch,
  type MetadataFetchOptions,
  type MetadataFetchPorts,
} from "./metadata/metadata-fetch.ts";
export { type MetadataMetrics, metadataMetrics } from "./metadata/metadata-metrics.ts";
export type { MetadataState, MetadataStatus } from "./metadata/metadata-status.ts";
export { type DialledPeer, dialPeer } from "./operations/dial-peer.ts";
export { reachabilityAdvice } from "./operations/judge-probe.ts";
export { OutboundRule, type PrivateAddresses } from "./outbound/outbound-rule.ts";
export type { RunningGateway } from "./running-gateway.ts";
export { type BoundGateway, bindGateway, startGateway } from "./start-gateway.ts";
export { Torrent } from "./torrents/torrent.ts";
