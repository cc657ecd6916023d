import { INFO_HASH_BYTES, PEER_ID_BYTES } from "@seedfleet/bytes";
import { PeerSample, type PeerState } from "@seedfleet/swarm";

/** The longest endpoint: an address and the port behind it, in network order. */
const IPV6_ENDPOINT_BYTES = 18;

/** `paused` is a partial seed of BEP 21: it lacks pieces but does not want them. */
export type AnnounceEvent = "started" | "completed" | "stopped" | "paused";

/**
 * One announce, by whatever way it came. A listener has one and fills it again for each: an object
 * and some arrays for every announce would cost more than the rest of the answer.
 */
export class AnnounceRequest {
  readonly infoHash: Uint8Array = new Uint8Array(INFO_HASH_BYTES);
  readonly peerId: Uint8Array = new Uint8Array(PEER_ID_BYTES);
  /**
   * Whether the peer id is kept for answers in dictionaries. Not by UDP, where there are none: to
   * keep it cost a 25th of an announce, and who asks by HTTP for dictionaries takes peers without.
   */
  keepsPeerId = true;
  /** Where the peer listens: its address as we know it, and the port that it announced. */
  readonly endpoint: Uint8Array = new Uint8Array(IPV6_ENDPOINT_BYTES);
  endpointBytes: 6 | 18 = 6;
  /** Where it listens in the other family too (BEP 7), from trusted networks; 0 if nowhere. */
  readonly otherEndpoint: Uint8Array = new Uint8Array(IPV6_ENDPOINT_BYTES);
  otherEndpointBytes: 0 | 6 | 18 = 0;
  uploadedBytes = 0;
  downloadedBytes = 0;
  /** Null when the client does not know, as before it has the metainfo. */
  leftBytes: number | null = null;
  /** Null for the announce of every interval. */
  event: AnnounceEvent | null = null;
  /** 0 wants none; null says nothing. At most `NUM_WANT_MAX`. */
  numWant: number | null = null;
  /** BEP 23; the other form is dictionaries (BEP 3). */
  compact = true;
  /** In dictionaries, leave the peer ids out. */
  noPeerId = false;
  /** What stands before `/announce` in the path; null if nothing does. */
  passkey: string | null = null;
}

/** What a peer is by what it says is left. One that does not know has not even the metainfo. */
export function stateOf({ leftBytes, event }: AnnounceRequest): PeerState {
  if (leftBytes === 0) return "seed";
  return event === "paused" ? "partial-seed" : "leecher";
}

/** What an announce is answered with. A listener has one, which is filled again for each. */
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

  /** With room for so many peers of each family. */
  constructor(peersMax: number) {
    this.peers = new PeerSample(peersMax);
    this.other = new PeerSample(peersMax);
  }
}
