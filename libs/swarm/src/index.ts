export type {
  Chance,
  PeerAnnounce,
  PeerState,
  SampleRequest,
  SwarmCounts,
  SwarmPeer,
} from "./swarm-peer.ts";
export { type AnnounceOutcome, Swarms, type SwarmsConfig } from "./swarms.ts";
