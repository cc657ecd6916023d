import type { InfoHash, PeerId } from "@seedfleet/bytes";
import { endpointOf } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import {
  type ExplainReply,
  type ExplainRequest,
  SUPER_SEED_PIECES_MAX,
} from "@seedfleet/contracts";
import type { CancelTimer } from "@seedfleet/runtime";
import type { PexAddress } from "@seedfleet/wire";
import { addressKey, type Leecher } from "../handover/leecher.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { Torrents } from "../torrents/torrents.ts";
import type { SwarmHere } from "../upload/uplink-scarcity.ts";
import { explainPeers } from "./explain-peers.ts";
import { LeechChoking } from "./leech-choking.ts";
import { leechersHere } from "./leechers-here.ts";
import { PEX_ROUND_INTERVAL_MS, PeerExchange } from "./peer-exchange.ts";
import { type ChokingConfig, type ChokingPorts, SwarmChoking } from "./swarm-choking.ts";
import { type PeerControl, type PeerIdentity, SwarmMember } from "./swarm-member.ts";
import type { SwarmSlots } from "./swarm-slots.ts";
import { type SuperSeedingPorts, SwarmSuperSeeding } from "./swarm-super-seeding.ts";

const CHECK_CATALOG_INTERVAL_MS = 30_000;

/** What a peer said of itself behind its handshake (BEP 10). */
export type Introduction = {
  readonly host: string;
  readonly listenPort: number | null;
  readonly takesPex: boolean;
};

/** What the connections of peers tell of themselves, from whatever thread. */
export interface SwarmSide {
  /** A peer's handshake is done. */
  join(torrent: Torrent, peer: PeerIdentity, control: PeerControl): void;
  interestChanged(torrent: Torrent, peerKey: PeerKey, interested: boolean): void;
  introduced(torrent: Torrent, peerKey: PeerKey, peer: Introduction): void;
  /** A super-seeded peer said that it has these pieces, or none. */
  had(torrent: Torrent, peerKey: PeerKey, pieces: readonly number[]): void;
  leave(torrent: Torrent, peerKey: PeerKey): void;
}

type SwarmsPorts = ChokingPorts &
  SuperSeedingPorts & {
    readonly torrents: Torrents;
    /** The other gateways that take peers. */
    readonly siblings: () => readonly PexAddress[];
  };

type Swarm = {
  readonly torrent: Torrent;
  readonly members: Map<PeerKey, SwarmMember>;
  choking: SwarmSlots;
  /** Null of a private torrent (BEP 27). */
  readonly exchange: PeerExchange | null;
  /** Null while no peer is told of single pieces. */
  superSeeding: SwarmSuperSeeding | null;
};

/** The swarms that have peers at this gateway, over all its threads. */
export class Swarms implements SwarmSide {
  readonly #ports: SwarmsPorts;
  readonly #config: ChokingConfig;
  readonly #swarms = new Map<InfoHash, Swarm>();
  readonly #timers: readonly CancelTimer[];
  #peerCount = 0;

  constructor(ports: SwarmsPorts, config: ChokingConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#timers = [
      ports.clock.every(CHECK_CATALOG_INTERVAL_MS, () => void this.#checkCatalog()),
      ports.clock.every(PEX_ROUND_INTERVAL_MS, () => this.#exchangePeers()),
    ];
  }

  get peerCount(): number {
    return this.#peerCount;
  }

  get unchokedCount(): number {
    let count = 0;
    for (const { choking } of this.#swarms.values()) count += choking.holding;
    return count;
  }

  /** Peers that are told of single pieces. */
  get superSeededCount(): number {
    let count = 0;
    for (const { superSeeding } of this.#swarms.values()) count += superSeeding?.leecherCount ?? 0;
    return count;
  }

  /** Who is connected to this gateway of each torrent, the most first. */
  here(): readonly SwarmHere[] {
    const swarms = Array.from(this.#swarms.values(), (swarm): SwarmHere => {
      const { infoHash, entry, metainfo } = swarm.torrent;
      let leechers = 0;
      for (const each of swarm.members.values()) {
        if (each.isLeecher(metainfo.pieceCount)) leechers += 1;
      }
      const { interested: wanting, holding } = swarm.choking;
      const seeders = swarm.members.size - leechers;
      return {
        ...{ infoHash, leechers, seeders, wanting, holding },
        weight: entry.choking?.weight ?? 1,
      };
    });
    return swarms.toSorted((a, b) => b.leechers - a.leechers || (a.infoHash < b.infoHash ? -1 : 1));
  }

  has(infoHash: InfoHash): boolean {
    return this.#swarms.has(infoHash);
  }

  /** Whether a peer of this id is connected for the torrent. */
  hasPeer(infoHash: InfoHash, peerId: PeerId): boolean {
    const members = this.#swarms.get(infoHash)?.members ?? new Map<PeerKey, SwarmMember>();
    return members.values().some((member) => member.peerId === peerId);
  }

  /** Those that could be gone to from elsewhere. */
  leechers(): readonly Leecher[] {
    return leechersHere(this.#swarms.values());
  }

  /** Where the torrent's connected peers listen, as `addressKey` puts it. */
  listeners(infoHash: InfoHash): ReadonlySet<string> {
    const members = this.#swarms.get(infoHash)?.members ?? new Map<PeerKey, SwarmMember>();
    return new Set(
      members.values().map(({ host, listenPort }) => addressKey({ host, port: listenPort ?? 0 })),
    );
  }

  join(torrent: Torrent, peer: PeerIdentity, control: PeerControl): void {
    // It was taken out of the catalog, or published anew, while the peer said hello.
    if (this.#ports.torrents.current(torrent.infoHash) !== torrent) {
      return control.close("torrent-removed");
    }
    const member = new SwarmMember(peer, control, this.#ports.clock.nowMs());
    const swarm = this.#swarmOf(torrent);
    swarm.members.set(peer.peerKey, member);
    this.#peerCount += 1;
    if (peer.superSeeded) this.#superSeed(swarm, member, control);
  }

  had({ infoHash }: Torrent, peerKey: PeerKey, pieces: readonly number[]): void {
    this.#swarms.get(infoHash)?.superSeeding?.had(peerKey, pieces);
  }

  /** The catalog says something else of the torrent now. Who was told of all stays so. */
  changed(torrent: Torrent): void {
    const swarm = this.#swarms.get(torrent.infoHash);
    if (swarm === undefined || torrent.superSeeds) return;
    swarm.superSeeding?.end("turned-off");
    swarm.superSeeding = null;
  }

  /** A download of the torrent begins here, or is over: its slots go by other rules. */
  downloadChanged(torrent: Torrent): void {
    const swarm = this.#swarms.get(torrent.infoHash);
    if (swarm?.torrent !== torrent) return;
    swarm.choking.stop();
    swarm.choking = this.#chokingOf(swarm);
  }

  interestChanged({ infoHash }: Torrent, peerKey: PeerKey, interested: boolean): void {
    const swarm = this.#swarms.get(infoHash);
    const member = swarm?.members.get(peerKey);
    if (swarm === undefined || member?.peerInterested !== !interested) return;
    member.peerInterested = interested;
    swarm.choking.interestChanged(member);
    swarm.superSeeding?.interestChanged(peerKey, interested);
  }

  introduced({ infoHash }: Torrent, peerKey: PeerKey, peer: Introduction): void {
    const swarm = this.#swarms.get(infoHash);
    const member = swarm?.members.get(peerKey);
    if (swarm === undefined || member === undefined) return;
    const { host, listenPort, takesPex } = peer;
    member.listensAt(listenPort);
    swarm.superSeeding?.renamed(member);
    if (swarm.exchange === null) return;
    const isNew = takesPex && !member.takesPex;
    const welcome = isNew ? swarm.exchange.welcome(this.#ports.siblings()) : null;
    if (welcome !== null) member.exchangePeers(welcome);
    member.takesPex = takesPex;
    if (listenPort === null || endpointOf(host, listenPort) === null) return;
    swarm.exchange.add(peerKey, { host, port: listenPort });
  }

  /** This gateway goes: its peers are told of the others, where PEX may tell them. */
  sayGoodbye(): void {
    const siblings = this.#ports.siblings();
    for (const { exchange, members } of this.#swarms.values()) {
      const message = siblings.length === 0 ? null : (exchange?.farewell(siblings) ?? null);
      if (message === null) continue;
      for (const member of members.values()) if (member.takesPex) member.exchangePeers(message);
    }
  }

  leave({ infoHash }: Torrent, peerKey: PeerKey): void {
    const swarm = this.#swarms.get(infoHash);
    const member = swarm?.members.get(peerKey);
    if (swarm === undefined || member === undefined) return;
    swarm.members.delete(peerKey);
    swarm.exchange?.remove(peerKey);
    swarm.superSeeding?.left(peerKey);
    this.#peerCount -= 1;
    if (swarm.members.size > 0) swarm.choking.left(member);
    else {
      swarm.choking.stop();
      swarm.superSeeding?.stop();
      this.#swarms.delete(infoHash);
    }
  }

  /** What is known of a peer's connections, for whoever asks why it is choked. */
  explain(request: ExplainRequest): ExplainReply {
    return explainPeers(this.#swarms, request, this.#ports.clock.nowMs());
  }

  /** The torrent is not served any more: its peers go. */
  dropped(torrent: Torrent): void {
    const swarm = this.#swarms.get(torrent.infoHash);
    if (swarm?.torrent === torrent) this.#disband(swarm);
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
    for (const { choking, superSeeding } of this.#swarms.values()) {
      choking.stop();
      superSeeding?.stop();
    }
  }

  #swarmOf(torrent: Torrent): Swarm {
    return this.#swarms.get(torrent.infoHash) ?? this.#open(torrent);
  }

  #open(torrent: Torrent): Swarm {
    const members = new Map<PeerKey, SwarmMember>();
    const choking = this.#chokingOf({ torrent, members });
    const exchange = torrent.metainfo.private ? null : new PeerExchange();
    const swarm: Swarm = { torrent, members, choking, exchange, superSeeding: null };
    this.#swarms.set(torrent.infoHash, swarm);
    const { infoHash, metainfo } = torrent;
    const isTooLarge = metainfo.pieceCount > SUPER_SEED_PIECES_MAX;
    if (torrent.entry.choking?.superSeeding === true && isTooLarge) {
      this.#ports.telemetry.log.warn("too many pieces to super-seed", { infoHash });
    }
    return swarm;
  }

  #chokingOf({ torrent, members }: Pick<Swarm, "torrent" | "members">): SwarmSlots {
    return torrent.download === null
      ? new SwarmChoking(this.#ports, this.#config, { torrent, members })
      : new LeechChoking(this.#ports.clock, this.#config, { torrent, members });
  }

  /** It was turned off while the peer said hello: another thread may not have known yet. */
  #superSeed(swarm: Swarm, member: SwarmMember, control: PeerControl): void {
    const { torrent } = swarm;
    if (!torrent.superSeeds) return control.tell("all");
    swarm.superSeeding ??= new SwarmSuperSeeding(this.#ports, this.#config.gateway, torrent);
    swarm.superSeeding.join(member, control);
  }

  #exchangePeers(): void {
    const siblings = this.#ports.siblings();
    for (const { exchange, members } of this.#swarms.values()) {
      const message = exchange?.round(siblings) ?? null;
      if (message === null) continue;
      for (const member of members.values()) if (member.takesPex) member.exchangePeers(message);
    }
  }

  /** Has what is served looked up again: one that is not any more is dropped. */
  async #checkCatalog(): Promise<void> {
    for (const infoHash of this.#swarms.keys()) await this.#ports.torrents.find(infoHash);
  }

  /** Whoever is closed in another thread leaves later; it is forgotten here at once. */
  #disband(swarm: Swarm): void {
    const members = [...swarm.members.values()];
    for (const { peerKey } of members) this.leave(swarm.torrent, peerKey);
    for (const member of members) member.close("torrent-removed");
  }
}
