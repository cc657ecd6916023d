import type { TrackerViolation } from "../violation.ts";

/** `paused` is a partial seed of BEP 21: it lacks pieces but does not want them. */
export type AnnounceEvent = "started" | "completed" | "stopped" | "paused";

/** One announce, decoded in place: a listener has one and fills it again for each. */
export class AnnounceRequest {
  readonly infoHash: Uint8Array = new Uint8Array(20);
  readonly peerId: Uint8Array = new Uint8Array(20);
  /** Where the peer listens: its address as we know it, and the port that it announced. */
  readonly endpoint: Uint8Array = new Uint8Array(18);
  endpointBytes: 6 | 18 = 6;
  /** Where it listens in the other family too (BEP 7), from trusted networks; 0 if nowhere. */
  readonly otherEndpoint: Uint8Array = new Uint8Array(18);
  otherEndpointBytes: 0 | 6 | 18 = 0;
  uploadedBytes = 0;
  downloadedBytes = 0;
  /** Null when the client does not know, as before it has the metainfo. */
  leftBytes: number | null = null;
  /** Null for the announce of every interval. */
  event: AnnounceEvent | null = null;
  /** 0 wants none; null says nothing. At most `NUM_WANT_MAX`. */
  numWant: number | null = null;
  compact = true;
  /** In dictionaries, leave the peer ids out. */
  noPeerId = false;
  /** What stands before `/announce` in the path; null if nothing does. */
  passkey: string | null = null;
}

/** What a sample wrote; one for each listener, used again. */
export class PeerSample {
  readonly endpoints: Uint8Array;
  /** 20 bytes of each, meaningless where `known` is 0. */
  readonly peerIds: Uint8Array;
  readonly known: Uint8Array;
  count = 0;
  endpointBytes: 6 | 18 = 6;
  wantPeerIds = false;

  constructor(peersMax: number) {
    this.endpoints = new Uint8Array(peersMax * 18);
    this.peerIds = new Uint8Array(peersMax * 20);
    this.known = new Uint8Array(peersMax);
  }
}

/** What the core answers; a listener has one and encodes it. */
export class AnnounceReply {
  seeders = 0;
  leechers = 0;
  downloaded = 0;
  intervalS = 0;
  minIntervalS = 0;
  /** Peers of the asker's family, gateways first. */
  readonly peers: PeerSample;
  /** Gateways of the other family. */
  readonly other: PeerSample;

  constructor(peersMax: number) {
    this.peers = new PeerSample(peersMax);
    this.other = new PeerSample(peersMax);
  }
}

export type SwarmCounts = {
  seeders: number;
  /** Partial seeds among them. */
  leechers: number;
  partialSeeds: number;
  downloaded: number;
};

/** The core behind every listener. It is synchronous, and fills what it is given. */
export interface Announces {
  answer(request: AnnounceRequest, reply: AnnounceReply, nowMs: number): TrackerViolation | null;
  /** The counts of one swarm; `not-registered` leaves it out of a scrape. */
  scrape(infoHash: Uint8Array, passkey: string | null, into: SwarmCounts): TrackerViolation | null;
}
