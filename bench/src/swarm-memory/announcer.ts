import type { PeerAnnounce } from "@seedfleet/swarm";

const GOLDEN = 0x9e3779b1;

/** One peer of one swarm, filled again for each announce as a listener does it. */
export class Announcer {
  readonly infoHash: Uint8Array = new Uint8Array(20);
  readonly #view = new DataView(this.infoHash.buffer);
  readonly #endpoint = new Uint8Array(18);
  readonly #endpointView = new DataView(this.#endpoint.buffer);
  readonly peer: { -readonly [Field in keyof PeerAnnounce]: PeerAnnounce[Field] } = {
    endpoint: this.#endpoint,
    endpointBytes: 6,
    peerId: new Uint8Array(20),
    state: "leecher",
    completed: false,
  };

  /** Every third peer is a seed. */
  set(swarm: number, number: number): void {
    this.#view.setUint32(0, Math.imul(swarm, GOLDEN));
    this.#view.setUint32(16, swarm);
    this.#endpointView.setUint32(0, Math.imul(number, GOLDEN));
    this.#endpointView.setUint16(4, 1 + (number & 0x7fff));
    this.peer.state = number % 3 === 0 ? "seed" : "leecher";
  }
}
