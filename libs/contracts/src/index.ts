export {
  CATALOG_BUCKET,
  type CatalogEntry,
  catalogEntry,
  HASH_MEMO_BUCKET,
  type HashMemo,
  hashMemo,
  METAINFO_BUCKET,
} from "./catalog.ts";
export {
  chokeRoundCall,
  PEERS_PER_ROUND_MAX,
  type RoundDecision,
  type RoundPeer,
  type RoundReply,
  type RoundRequest,
} from "./choking.ts";
export {
  type PublishProgress,
  type PublishRequest,
  publishCall,
  type RetainRequest,
  retainCall,
} from "./ingest.ts";
export { type PeerAnnounced, peerAnnouncedEvent } from "./peers.ts";
export { type PieceRead, readPieceCall } from "./pieces.ts";
export {
  type HostPort,
  PRESENCE_EXPIRY_MS,
  PRESENCE_INTERVAL_MS,
  type Presence,
  presenceAskedEvent,
  presenceEvent,
  type Role,
} from "./presence.ts";
