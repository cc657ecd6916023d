/** A seed has all, a partial seed (BEP 21) lacks pieces and wants none, a leecher wants some. */
export type PeerState = "seed" | "leecher" | "partial-seed";

/** Where a peer listens. The store copies what it keeps, so one object may serve every announce. */
export type PeerEndpoint = {
  /** Address and port in network order; only the first `endpointBytes` count. */
  readonly endpoint: Uint8Array;
  /** 6 (IPv4) or 18 (IPv6). */
  readonly endpointBytes: 6 | 18;
};

export type SwarmPeer = PeerEndpoint & {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly state: PeerState;
};

export type PeerAnnounce = PeerEndpoint & {
  /** 20 bytes; null of one whose peer id need not be kept. */
  readonly peerId: Uint8Array | null;
  readonly state: PeerState;
  /** True in the one announce that says the download has just finished. */
  readonly completed: boolean;
};

export type SwarmCounts = {
  readonly seeders: number;
  /** Partial seeds included. */
  readonly leechers: number;
  readonly partialSeeds: number;
  /** How many downloads were completed while the swarm was known. */
  readonly downloaded: number;
};

/** Who asks for peers: it is never in its own sample, and its family decides whom it gets. */
export type SampleRequest = PeerEndpoint & {
  readonly state: PeerState;
  readonly numWant: number;
};

/** Chance, as `Rng` of `@seedfleet/runtime` gives it: an integer from 0 to `n` − 1. */
export interface Chance {
  below(n: number): number;
}
