import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { CancelTimer } from "@seedfleet/runtime";
import type { BlockPathPorts } from "./block-path.ts";
import type { CloseReason } from "./close-reason.ts";
import { type ConnectedPeer, PeerConnection } from "./peer-connection.ts";
import { type ChokingConfig, type ChokingPorts, SwarmChoking } from "./swarm-choking.ts";
import type { Torrent } from "./torrent.ts";
import type { Torrents } from "./torrents.ts";

const CHECK_ALIVE_INTERVAL_MS = 5_000;
const CHECK_CATALOG_INTERVAL_MS = 30_000;
const CHECK_DRAINED_INTERVAL_MS = 50;

type SwarmsPorts = ChokingPorts &
  BlockPathPorts & {
    readonly torrents: Torrents;
    readonly closed: (reason: CloseReason) => void;
  };

type Swarm = {
  readonly torrent: Torrent;
  readonly peers: Map<string, PeerConnection>;
  readonly choking: SwarmChoking;
};

/** Every connected peer of this gateway, by torrent. */
export class Swarms {
  readonly #ports: SwarmsPorts;
  readonly #config: ChokingConfig;
  readonly #swarms = new Map<InfoHash, Swarm>();
  readonly #timers: CancelTimer[];
  #peerCount = 0;
  #sentBytesOfClosed = 0;

  constructor(ports: SwarmsPorts, config: ChokingConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#timers = [
      ports.clock.every(CHECK_ALIVE_INTERVAL_MS, () => this.#checkAlive()),
      ports.clock.every(CHECK_CATALOG_INTERVAL_MS, () => void this.#checkCatalog()),
    ];
  }

  get peerCount(): number {
    return this.#peerCount;
  }

  /** Block bytes sent to all peers there ever were. */
  get sentBytes(): number {
    return this.#connections().reduce((sum, peer) => sum + peer.sentBytes, this.#sentBytesOfClosed);
  }

  get unchokedCount(): number {
    return this.#connections().filter((peer) => !peer.amChoking).length;
  }

  has(infoHash: InfoHash): boolean {
    return this.#swarms.has(infoHash);
  }

  /** Whether a peer of this id is connected for the torrent. */
  hasPeer(infoHash: InfoHash, peerId: PeerId): boolean {
    const peers = this.#swarms.get(infoHash)?.peers ?? new Map<string, PeerConnection>();
    return peers.values().some((peer) => peer.peerId === peerId);
  }

  /** Takes over a socket whose handshake is done. */
  join(peer: ConnectedPeer, rest: Uint8Array): void {
    const swarm = this.#swarmOf(peer.torrent);
    const connection = new PeerConnection(this.#ports, peer, {
      interestChanged: (changed) => swarm.choking.interestChanged(changed),
      closed: (closed, reason) => this.#leave(swarm, closed, reason),
    });
    swarm.peers.set(connection.peerKey, connection);
    this.#peerCount += 1;
    connection.start(rest);
  }

  /** Answers the requests at hand and lets every peer go, at `deadline` also the slow. */
  async drain(deadline: Promise<void>): Promise<void> {
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    const letGo = (): void => {
      for (const peer of this.#connections()) if (!peer.isBusy) peer.close("draining");
      if (this.#peerCount === 0) resolve();
    };
    for (const peer of this.#connections()) peer.finish();
    letGo();
    const cancel = this.#ports.clock.every(CHECK_DRAINED_INTERVAL_MS, letGo);
    await Promise.race([empty, deadline]);
    cancel();
    this.close("draining");
  }

  close(reason: CloseReason): void {
    for (const peer of this.#connections()) peer.close(reason);
    for (const cancel of this.#timers) cancel();
  }

  /** A torrent that was published anew begins with a swarm of its own. */
  #swarmOf(torrent: Torrent): Swarm {
    const swarm = this.#swarms.get(torrent.infoHash);
    if (swarm?.torrent === torrent) return swarm;
    for (const peer of [...(swarm?.peers.values() ?? [])]) peer.close("torrent-removed");
    return this.#open(torrent);
  }

  #open(torrent: Torrent): Swarm {
    const peers = new Map<string, PeerConnection>();
    const choking = new SwarmChoking(this.#ports, this.#config, { torrent, peers });
    const swarm = { torrent, peers, choking };
    this.#swarms.set(torrent.infoHash, swarm);
    return swarm;
  }

  #leave(swarm: Swarm, connection: PeerConnection, reason: CloseReason): void {
    if (!swarm.peers.delete(connection.peerKey)) return;
    this.#peerCount -= 1;
    this.#sentBytesOfClosed += connection.sentBytes;
    this.#ports.closed(reason);
    if (swarm.peers.size > 0) swarm.choking.interestChanged(null);
    else {
      swarm.choking.stop();
      this.#swarms.delete(swarm.torrent.infoHash);
    }
  }

  #checkAlive(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const peer of this.#connections()) peer.checkAlive(nowMs);
  }

  /** A torrent that was taken out of the catalog, or published anew, lets its peers go. */
  async #checkCatalog(): Promise<void> {
    for (const [infoHash, { torrent, peers }] of this.#swarms) {
      await this.#ports.torrents.find(infoHash);
      if (this.#ports.torrents.current(infoHash) === torrent) continue;
      for (const peer of [...peers.values()]) peer.close("torrent-removed");
    }
  }

  #connections(): PeerConnection[] {
    return [...this.#swarms.values()].flatMap(({ peers }) => [...peers.values()]);
  }
}
