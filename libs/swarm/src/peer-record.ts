import type { Endpoint, InfoHash, PeerId } from "@seedfleet/bytes";
import type { PeerState } from "./swarm-peer.ts";

/** One peer of one swarm as the store keeps it: changed in place and never handed out. */
export type PeerRecord = {
  readonly infoHash: InfoHash;
  readonly endpoint: Endpoint;
  peerId: PeerId;
  state: PeerState;
  announcedAtMs: number;
  /** Where it is in its pool. */
  index: number;
  /** Its neighbours in the order of last announces, over all swarms. */
  older: PeerRecord | null;
  newer: PeerRecord | null;
};
