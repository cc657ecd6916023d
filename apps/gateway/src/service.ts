export { PieceCache } from "./blocks/piece-cache.ts";
export { type GatewayConfig, gatewayConfig, WORKERS_MAX } from "./config.ts";
export { HASHES_BESIDE, openTaking, type Taking } from "./fills/open-taking.ts";
export { PieceFills } from "./fills/piece-fills.ts";
export { pieceReader } from "./fills/read-piece.ts";
export { type BoundGateway, bindGateway, type RunningGateway, startGateway } from "./gateway.ts";
export {
  MetadataFetch,
  type MetadataFetchOptions,
  type MetadataFetchPorts,
} from "./metadata/metadata-fetch.ts";
export { type MetadataMetrics, metadataMetrics } from "./metadata/metadata-metrics.ts";
export type { MetadataState, MetadataStatus } from "./metadata/metadata-status.ts";
export { type ReachabilityOutcome, reachabilityAdvice } from "./operations/judge-probe.ts";
export { Torrent } from "./torrents/torrent.ts";
