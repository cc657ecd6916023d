import type { Endpoint, PeerId } from "@seedfleet/bytes";

/** A seed has the whole torrent, a leecher does not (yet). */
export type PeerState = "seed" | "leecher";

export type SwarmPeer = {
  readonly endpoint: Endpoint;
  readonly peerId: PeerId;
  readonly state: PeerState;
};

export type PeerAnnounce = SwarmPeer & {
  /** True in the one announce that says the download has just finished. */
  readonly completed: boolean;
};

export type SwarmCounts = {
  readonly seeders: number;
  readonly leechers: number;
  /** How many downloads were completed while the swarm was known. */
  readonly downloaded: number;
};

/** Who asks for peers: it is never in its own sample, and its family decides whom it gets. */
export type SampleRequest = {
  readonly asker: Endpoint;
  readonly state: PeerState;
  readonly numWant: number;
};

/** Chance, as `Rng` of `@seedfleet/runtime` gives it: an integer from 0 to `n` − 1. */
export interface Chance {
  below(n: number): number;
}
