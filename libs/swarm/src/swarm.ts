import { type AddressFamily, type Endpoint, endpointFamily, type InfoHash } from "@seedfleet/bytes";
import { PeerPool } from "./peer-pool.ts";
import type { PeerRecord } from "./peer-record.ts";
import type { Chance, PeerState, SampleRequest, SwarmCounts, SwarmPeer } from "./swarm-peer.ts";

/**
 * The peers of one info hash. A peer is in exactly one pool, that of its address family and state,
 * so a sample never looks at a peer it may not hand out.
 */
export class Swarm {
  readonly infoHash: InfoHash;
  downloaded = 0;
  readonly #peers = new Map<Endpoint, PeerRecord>();
  readonly #pools: Readonly<Record<AddressFamily, Readonly<Record<PeerState, PeerPool>>>> = {
    ipv4: { seed: new PeerPool(), leecher: new PeerPool() },
    ipv6: { seed: new PeerPool(), leecher: new PeerPool() },
  };

  constructor(infoHash: InfoHash) {
    this.infoHash = infoHash;
  }

  get size(): number {
    return this.#peers.size;
  }

  peers(): Iterable<PeerRecord> {
    return this.#peers.values();
  }

  find(endpoint: Endpoint): PeerRecord | null {
    return this.#peers.get(endpoint) ?? null;
  }

  add(peer: PeerRecord): void {
    this.#peers.set(peer.endpoint, peer);
    this.#poolOf(peer).add(peer);
  }

  remove(peer: PeerRecord): void {
    this.#peers.delete(peer.endpoint);
    this.#poolOf(peer).remove(peer);
  }

  turn(peer: PeerRecord, state: PeerState): void {
    if (peer.state === state) return;
    this.#poolOf(peer).remove(peer);
    peer.state = state;
    this.#poolOf(peer).add(peer);
  }

  counts(): SwarmCounts {
    const { ipv4, ipv6 } = this.#pools;
    return {
      seeders: ipv4.seed.length + ipv6.seed.length,
      leechers: ipv4.leecher.length + ipv6.leecher.length,
      downloaded: this.downloaded,
    };
  }

  /**
   * Up to `numWant` others of the asker's family, each set of them as likely as any, in O(numWant):
   * a Fisher–Yates shuffle over both pools as if they were one, stopped early. The order it leaves
   * in the pools is random already, so the next sample needs no undoing.
   */
  sample({ asker, state, numWant }: SampleRequest, chance: Chance): SwarmPeer[] {
    const { seed: seeds, leecher: leechers } = this.#pools[endpointFamily(asker)];
    const itself = this.find(asker);
    if (itself !== null) this.#poolOf(itself).moveLast(itself);
    const hidden = (of: PeerState): number => (itself?.state === of ? 1 : 0);
    let leechersLeft = leechers.length - hidden("leecher");
    // A seed has nothing to ask of a seed.
    let seedsLeft = state === "seed" ? 0 : seeds.length - hidden("seed");

    const sampled: SwarmPeer[] = [];
    let [leechersDrawn, seedsDrawn] = [0, 0];
    while (sampled.length < numWant && leechersLeft + seedsLeft > 0) {
      const choice = chance.below(leechersLeft + seedsLeft);
      if (choice < leechersLeft) {
        sampled.push(peerOf(leechers.draw(leechersDrawn, leechersDrawn + choice)));
        leechersDrawn += 1;
        leechersLeft -= 1;
      } else {
        sampled.push(peerOf(seeds.draw(seedsDrawn, seedsDrawn + choice - leechersLeft)));
        seedsDrawn += 1;
        seedsLeft -= 1;
      }
    }
    return sampled;
  }

  #poolOf({ endpoint, state }: PeerRecord): PeerPool {
    return this.#pools[endpointFamily(endpoint)][state];
  }
}

function peerOf({ endpoint, peerId, state }: PeerRecord): SwarmPeer {
  return { endpoint, peerId, state };
}
