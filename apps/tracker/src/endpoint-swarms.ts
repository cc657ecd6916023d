import type { Endpoint, InfoHash, PeerId } from "@seedfleet/bytes";
import {
  type AnnounceOutcome,
  type Chance,
  type PeerEndpoint,
  PeerSample,
  type SwarmCounts,
  Swarms,
  type SwarmsConfig,
} from "@seedfleet/swarm";

const PEER_ID_BYTES = 20;

/** As many as an answer has, and the gateways that are left out of it. */
const SAMPLE_MAX = 1_024;

type EndpointPeer = {
  readonly endpoint: Endpoint;
  readonly peerId: PeerId;
  readonly state: "seed" | "leecher";
};

type EndpointRequest = Pick<EndpointPeer, "state"> & {
  readonly asker: Endpoint;
  readonly numWant: number;
};

/** The store of swarms for whoever has endpoints and ids as text. */
export class EndpointSwarms {
  readonly #swarms: Swarms;
  readonly #sample = new PeerSample(SAMPLE_MAX);

  constructor(config: Omit<SwarmsConfig, "swarmsMax" | "peerIdsMax">, chance: Chance) {
    const { peersMax } = config;
    this.#swarms = new Swarms({ ...config, swarmsMax: peersMax, peerIdsMax: peersMax }, chance);
    this.#sample.wantPeerIds = true;
  }

  get swarmCount(): number {
    return this.#swarms.swarmCount;
  }

  get peerCount(): number {
    return this.#swarms.peerCount;
  }

  announce(
    infoHash: InfoHash,
    peer: EndpointPeer & { readonly completed: boolean },
    nowMs: number,
  ): AnnounceOutcome {
    const peerId = Buffer.from(peer.peerId, "hex");
    const announced = { ...peer, ...bytesOf(peer.endpoint), peerId };
    return this.#swarms.announce(Buffer.from(infoHash, "hex"), announced, nowMs);
  }

  remove(infoHash: InfoHash, endpoint: Endpoint, nowMs: number): boolean {
    return this.#swarms.remove(Buffer.from(infoHash, "hex"), bytesOf(endpoint), nowMs);
  }

  sample(infoHash: InfoHash, { asker, state, numWant }: EndpointRequest): EndpointPeer[] {
    const sample = this.#sample;
    const { endpoint, endpointBytes } = bytesOf(asker);
    sample.clear(endpointBytes);
    const swarm = this.#swarms.find(Buffer.from(infoHash, "hex"));
    this.#swarms.sample(swarm, { endpoint, endpointBytes, state, numWant }, sample);
    return Array.from({ length: sample.count }, (_, index) => {
      const at = index * endpointBytes;
      const peer = Buffer.from(sample.endpoints.subarray(at, at + endpointBytes));
      const idAt = index * PEER_ID_BYTES;
      const peerId = Buffer.from(sample.peerIds.subarray(idAt, idAt + PEER_ID_BYTES));
      return {
        endpoint: peer.toString("latin1") as Endpoint,
        peerId: peerId.toString("hex") as PeerId,
        state: sample.stateOf(index) === "leecher" ? "leecher" : "seed",
      };
    });
  }

  counts(infoHash: InfoHash): SwarmCounts {
    return { ...this.#swarms.counts(this.#swarms.find(Buffer.from(infoHash, "hex"))) };
  }

  expire(nowMs: number): number {
    return this.#swarms.expire(nowMs);
  }

  drop(infoHash: InfoHash): void {
    this.#swarms.drop(Buffer.from(infoHash, "hex"));
  }
}

function bytesOf(text: Endpoint): PeerEndpoint {
  const endpoint = Buffer.from(text, "latin1");
  return { endpoint, endpointBytes: endpoint.length === 6 ? 6 : 18 };
}
