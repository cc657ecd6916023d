import type { PeerEndpoint, PeerState } from "./swarm-peer.ts";

const ENDPOINT_BYTES_MAX = 18;
const PEER_ID_BYTES = 20;

export const LEECHER_CODE = 0;
export const SEED_CODE = 1;
export const PARTIAL_SEED_CODE = 2;

const CODES: Readonly<Record<PeerState, number>> = {
  leecher: LEECHER_CODE,
  seed: SEED_CODE,
  "partial-seed": PARTIAL_SEED_CODE,
};

const STATES: readonly PeerState[] = ["leecher", "seed", "partial-seed"];

/** Peers of one family as they are handed out. One is enough for a listener: it is used again. */
export class PeerSample {
  /** One after another, `endpointBytes` each: a compact list as it goes out (BEP 23, BEP 7). */
  readonly endpoints: Uint8Array;
  /** The same bytes, to be written several at once. */
  readonly endpointsView: DataView;
  /** A code for each, which `stateOf` reads. */
  readonly states: Uint8Array;
  /** 20 bytes each, of no meaning where `known` is 0. */
  readonly peerIds: Uint8Array;
  /** 1 for each whose peer id is there; filled only while `wantPeerIds`. */
  readonly known: Uint8Array;
  count = 0;
  endpointBytes: 6 | 18 = 6;
  wantPeerIds = false;
  readonly peersMax: number;
  #compact: Uint8Array = new Uint8Array();

  constructor(peersMax: number) {
    this.peersMax = peersMax;
    this.endpoints = new Uint8Array(peersMax * ENDPOINT_BYTES_MAX);
    this.endpointsView = new DataView(this.endpoints.buffer);
    this.states = new Uint8Array(peersMax);
    this.peerIds = new Uint8Array(peersMax * PEER_ID_BYTES);
    this.known = new Uint8Array(peersMax);
  }

  /** The endpoints that there are, as they go out; written over when it is filled again. */
  get compact(): Uint8Array {
    const length = this.count * this.endpointBytes;
    // Mostly they are as many as the last time, and a view costs more than a few copies.
    if (this.#compact.length !== length) this.#compact = this.endpoints.subarray(0, length);
    return this.#compact;
  }

  /** Empties it, for peers of this family. */
  clear(endpointBytes: 6 | 18): void {
    this.count = 0;
    this.endpointBytes = endpointBytes;
  }

  /** Appends a peer that is no swarm's, such as a gateway; false if it has no room for it. */
  add(peer: PeerEndpoint & { readonly state: PeerState }): boolean {
    if (this.count >= this.peersMax || peer.endpointBytes !== this.endpointBytes) return false;
    const at = this.count * this.endpointBytes;
    for (let each = 0; each < this.endpointBytes; each += 1) {
      this.endpoints[at + each] = peer.endpoint[each] ?? 0;
    }
    this.states[this.count] = CODES[peer.state];
    this.known[this.count] = 0;
    this.count += 1;
    return true;
  }

  stateOf(index: number): PeerState {
    return STATES[this.states[index] ?? 0] ?? "leecher";
  }
}
