import type { Endpoint, InfoHash } from "@seedfleet/bytes";
import { AgeList } from "./age-list.ts";
import { Swarm } from "./swarm.ts";
import type { Chance, PeerAnnounce, SampleRequest, SwarmCounts, SwarmPeer } from "./swarm-peer.ts";

const NOBODY: SwarmCounts = { seeders: 0, leechers: 0, downloaded: 0 };

export type SwarmsConfig = {
  /** A peer silent for longer is gone. */
  readonly peerTimeoutMs: number;
  readonly peersPerSwarmMax: number;
  /** Over all swarms. */
  readonly peersMax: number;
};

/** `full`: a limit is reached, so the newcomer is not remembered; it may still be answered. */
export type AnnounceOutcome = "joined" | "stayed" | "full";

/**
 * The peers of every swarm, keyed by endpoint. Every operation but `drop` is O(1), or O(n) in what
 * it hands out or expires. `nowMs` must not step back from one call to the next.
 */
export class Swarms {
  readonly #config: SwarmsConfig;
  readonly #swarms = new Map<InfoHash, Swarm>();
  readonly #byAge = new AgeList();
  #peerCount = 0;

  constructor(config: SwarmsConfig) {
    this.#config = config;
  }

  /** Swarms that have a peer, or had one that completed. */
  get swarmCount(): number {
    return this.#swarms.size;
  }

  get peerCount(): number {
    return this.#peerCount;
  }

  announce(infoHash: InfoHash, peer: PeerAnnounce, nowMs: number): AnnounceOutcome {
    const known = this.#swarms.get(infoHash);
    const record = known?.find(peer.endpoint) ?? null;
    if (known !== undefined && record !== null) {
      // A seed that says again that it has completed is not a second download.
      if (peer.completed && record.state === "leecher") known.downloaded += 1;
      known.turn(record, peer.state);
      record.peerId = peer.peerId;
      record.announcedAtMs = nowMs;
      this.#byAge.remove(record);
      this.#byAge.append(record);
      return "stayed";
    }
    const { peersPerSwarmMax, peersMax } = this.#config;
    if (this.#peerCount >= peersMax || (known?.size ?? 0) >= peersPerSwarmMax) return "full";
    this.#join(known ?? new Swarm(infoHash), peer, nowMs);
    return "joined";
  }

  /** A peer that stopped. False if it was not known. */
  remove(infoHash: InfoHash, endpoint: Endpoint): boolean {
    const swarm = this.#swarms.get(infoHash);
    const record = swarm?.find(endpoint) ?? null;
    if (swarm === undefined || record === null) return false;
    this.#byAge.remove(record);
    swarm.remove(record);
    this.#peerCount -= 1;
    if (swarm.size === 0 && swarm.downloaded === 0) this.#swarms.delete(infoHash);
    return true;
  }

  /** Random others for the asker: its own family only, and no seeds for a seed. */
  sample(infoHash: InfoHash, request: SampleRequest, chance: Chance): SwarmPeer[] {
    return this.#swarms.get(infoHash)?.sample(request, chance) ?? [];
  }

  counts(infoHash: InfoHash): SwarmCounts {
    return this.#swarms.get(infoHash)?.counts() ?? NOBODY;
  }

  /** Forgets the peers that stayed silent too long; gives their number. */
  expire(nowMs: number): number {
    let expired = 0;
    let oldest = this.#byAge.oldest;
    while (oldest !== null && nowMs - oldest.announcedAtMs > this.#config.peerTimeoutMs) {
      this.remove(oldest.infoHash, oldest.endpoint);
      expired += 1;
      oldest = this.#byAge.oldest;
    }
    return expired;
  }

  /** Forgets a whole swarm, its count of downloads included. */
  drop(infoHash: InfoHash): void {
    const swarm = this.#swarms.get(infoHash);
    if (swarm === undefined) return;
    for (const record of swarm.peers()) this.#byAge.remove(record);
    this.#peerCount -= swarm.size;
    this.#swarms.delete(infoHash);
  }

  #join(swarm: Swarm, peer: PeerAnnounce, nowMs: number): void {
    const { endpoint, peerId, state } = peer;
    const links = { index: 0, older: null, newer: null };
    const { infoHash } = swarm;
    const record = { infoHash, endpoint, peerId, state, announcedAtMs: nowMs, ...links };
    if (peer.completed) swarm.downloaded += 1;
    swarm.add(record);
    this.#byAge.append(record);
    this.#swarms.set(swarm.infoHash, swarm);
    this.#peerCount += 1;
  }
}
