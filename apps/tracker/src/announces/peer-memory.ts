import type { PeerAnnounce, PeerState, Swarms } from "@seedfleet/swarm";
import { type AnnounceRequest, stateOf } from "./announce-request.ts";

/** Puts announces into the swarms: those that came here, and those that other trackers took. */
export class PeerMemory {
  readonly #swarms: Swarms;
  /** Filled again for each announce. */
  readonly #peer: { -readonly [Field in keyof PeerAnnounce]: PeerAnnounce[Field] } = {
    endpoint: new Uint8Array(0),
    endpointBytes: 6,
    peerId: new Uint8Array(0),
    state: "leecher" satisfies PeerState,
    completed: false,
  };

  constructor(swarms: Swarms) {
    this.#swarms = swarms;
  }

  /**
   * Takes an announce that was made at `atMs`. Who knows a later one of that peer keeps it; a swarm
   * that is full forgets a newcomer, which is still told of the others.
   */
  take(request: AnnounceRequest, atMs: number, nowMs: number): void {
    const peer = this.#peer;
    const { otherEndpointBytes } = request;
    peer.peerId = request.keepsPeerId ? request.peerId : null;
    peer.state = stateOf(request);
    peer.completed = request.event === "completed" && peer.state === "seed";
    peer.endpoint = request.endpoint;
    peer.endpointBytes = request.endpointBytes;
    this.#put(request, atMs, nowMs);
    if (otherEndpointBytes === 0) return;
    // One download, however many addresses its peer has.
    peer.completed = false;
    peer.endpoint = request.otherEndpoint;
    peer.endpointBytes = otherEndpointBytes;
    this.#put(request, atMs, nowMs);
  }

  #put({ infoHash, event }: AnnounceRequest, atMs: number, nowMs: number): void {
    if (event === "stopped") this.#swarms.removeAt(infoHash, this.#peer, atMs, nowMs);
    else this.#swarms.announceAt(infoHash, this.#peer, atMs, nowMs);
  }
}
