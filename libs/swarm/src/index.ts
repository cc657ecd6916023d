export {
  LEECHER_CODE,
  PARTIAL_SEED_CODE,
  PeerSample,
  SEED_CODE,
} from "./peer-sample.ts";
export type {
  Chance,
  PeerAnnounce,
  PeerEndpoint,
  PeerState,
  SampleRequest,
  SwarmCounts,
  SwarmPeer,
} from "./swarm-peer.ts";
export { SnapshotCursor, type SnapshotPeer, type SnapshotVisitor } from "./swarm-snapshot.ts";
export { Swarms } from "./swarms.ts";
export type { AnnounceOutcome, SwarmsConfig } from "./swarms-config.ts";
