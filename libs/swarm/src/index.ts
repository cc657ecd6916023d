export {
  type AddressFamily,
  type Endpoint,
  endpointFamily,
  endpointHost,
  endpointOf,
  endpointPort,
} from "./endpoint.ts";
export type {
  Chance,
  PeerAnnounce,
  PeerState,
  SampleRequest,
  SwarmCounts,
  SwarmPeer,
} from "./swarm-peer.ts";
export { type AnnounceOutcome, Swarms, type SwarmsConfig } from "./swarms.ts";
