import type { Subscription } from "@seedfleet/bus";
import type { HostPort, Presence, ReachabilityOutcome } from "@seedfleet/contracts";
import {
  type AnnouncedSeeds,
  type AnnouncedSeedWatch,
  announcePresence,
  type BudgetWatch,
  type Catalog,
  type Mirrors,
  type MirrorWatch,
  type PresenceAnnouncer,
  type PresenceWatch,
  watchPresence,
} from "@seedfleet/fleet";
import { VERSION } from "@seedfleet/runtime";
import { PieceCache } from "./blocks/piece-cache.ts";
import type { Downloads } from "./downloads/downloads.ts";
import { openDownloads } from "./downloads/open-downloads.ts";
import { haveReader, type ReadHave } from "./downloads/read-have.ts";
import { HASHES_BESIDE, openTaking, type Taking } from "./fills/open-taking.ts";
import { PassingStretches } from "./fills/passing-stretches.ts";
import { PieceFills } from "./fills/piece-fills.ts";
import { pieceReader } from "./fills/read-piece.ts";
import { countClosed, countOffered, showGateway } from "./gateway-metrics.ts";
import { Handover } from "./handover/handover.ts";
import { GatewayOperations } from "./operations/gateway-operations.ts";
import { siblingsOf } from "./operations/siblings-of.ts";
import { subscribeToFleet } from "./operations/subscribe-to-fleet.ts";
import { newPeerId, PeerSide } from "./peer-side.ts";
import { AnnouncedPeers } from "./peers/announced-peers.ts";
import type { PeerServer } from "./peers/peer-server.ts";
import { refuseUtp } from "./peers/refuse-utp.ts";
import type { GatewayPorts, NamedGatewayConfig, RunningGateway } from "./running-gateway.ts";
import { Swarms } from "./swarms/swarms.ts";
import { Torrents } from "./torrents/torrents.ts";
import { FleetUpload } from "./upload/fleet-upload.ts";

/** How long a drain waits for peers to take what they asked for. */
const DRAIN_MS_MAX = 5_000;

/** What a gateway is made of that takes a wait to have. */
export type OpenPorts = GatewayPorts & {
  readonly server: PeerServer;
  readonly catalog: Catalog;
  readonly budgets: BudgetWatch;
  readonly mirrors: Mirrors;
  readonly mirrorWatch: MirrorWatch;
  readonly announced: AnnouncedSeeds;
  readonly announcedWatch: AnnouncedSeedWatch;
};

/** The composition of one gateway: who knows whom, and how it joins the fleet and leaves it. */
export class Gateway implements RunningGateway {
  readonly peerAddress: HostPort;
  readonly #ports: OpenPorts;
  readonly #config: NamedGatewayConfig;
  readonly #startedAtMs: number;
  readonly #presence: PresenceWatch;
  readonly #announcer: PresenceAnnouncer;
  readonly #taking: Taking;
  readonly #fills: PieceFills;
  readonly #torrents: Torrents;
  readonly #swarms: Swarms;
  readonly #peers: PeerSide;
  readonly #upload: FleetUpload;
  readonly #utp: Disposable;
  readonly #announced: AnnouncedPeers;
  readonly #handover: Handover;
  readonly #subscriptions: readonly Subscription[];
  readonly #ownPeerId = newPeerId();
  readonly #operations: GatewayOperations;
  readonly #downloads: Downloads;
  #draining = false;

  constructor(ports: OpenPorts, config: NamedGatewayConfig) {
    const { bus, clock, telemetry, server } = ports;
    const { log, meter } = telemetry;
    this.#ports = ports;
    this.#config = config;
    this.#startedAtMs = clock.nowMs();
    this.peerAddress = {
      host: config.advertisedHost ?? config.host,
      port: config.advertisedPort ?? server.port,
    };
    const { cacheBytes: bytesMax, workers } = config;
    const cache = new PieceCache({ bytesMax, shared: HASHES_BESIDE, lent: workers > 1 });
    this.#presence = watchPresence(ports, ["choking-scheduler", "gateway", "piece-store"]);
    const readPiece = pieceReader(bus, this.#presence);
    const recycle = (chunk: Uint8Array): void => bus.recycle(chunk);
    this.#taking = openTaking(log, config);
    this.#fills = new PieceFills({ clock, telemetry, cache, readPiece, recycle, ...this.#taking });
    const readHave = haveReader(bus, log);
    this.#torrents = this.#openTorrents(cache, readHave);
    this.#swarms = this.#openSwarms();
    const passing = passingOf(this.#taking, cache, config);
    this.#peers = this.#openPeers(cache, passing);
    this.#upload = new FleetUpload(
      { ...ports, presence: this.#presence, peers: this.#peers, swarms: this.#swarms },
      config,
    );
    showGateway(meter, { swarms: this.#swarms, cache, passing, peers: this.#peers });
    this.#operations = this.#openOperations(cache);
    this.#announced = new AnnouncedPeers({
      clock,
      isConnected: ({ infoHash, peerId }) => this.#swarms.hasPeer(infoHash, peerId),
      dial: (peer) => this.#peers.dial(peer),
    });
    this.#handover = new Handover(
      {
        ...{ ...ports, presence: this.#presence, torrents: this.#torrents },
        ...{ swarms: this.#swarms, peers: this.#peers },
      },
      config,
    );
    server.open((socket) => this.#peers.accept(socket));
    this.#utp = refuseUtp({ host: config.host, port: server.port }, log);
    this.#subscriptions = subscribeToFleet(bus, config.id, {
      ...{ announced: this.#announced, torrents: this.#torrents },
    });
    this.#downloads = openDownloads(
      {
        ...{ ...ports, presence: this.#presence, torrents: this.#torrents },
        ...{ swarms: this.#swarms, peers: this.#peers },
      },
      { ...config, address: this.peerAddress, ownPeerId: this.#ownPeerId },
    );
    this.#announcer = announcePresence(
      ports,
      () => this.#describe(),
      () => this.#operations.examine(),
    );
    log.info("gateway listening", { host: config.host, port: server.port });
  }

  /** Once other threads listen, peers come to them and no more to this one. */
  async handOver(): Promise<void> {
    if (await this.#peers.otherThreadsListen()) this.#ports.server.close();
    await this.#handover.open();
  }

  ready(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    return { ready: !this.#draining, reasons: this.#draining ? ["draining"] : [] };
  }

  checkReachability(): Promise<ReachabilityOutcome | null> {
    return this.#operations.reachability.check();
  }

  async drain(): Promise<void> {
    this.#leaveFleet();
    this.#swarms.sayGoodbye();
    const handedOver = this.#handover.leave();
    const drained = this.#peers.drain(DRAIN_MS_MAX);
    await Promise.all([handedOver, this.#downloads.stop(), drained]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaveFleet();
    this.#announcer.stop();
    this.#handover.stop();
    this.#upload.stop();
    this.#presence.stop();
    const closed = Promise.all([this.#downloads.stop(), this.#peers.close()]);
    this.#swarms.stop();
    this.#fills.stop();
    await Promise.all([closed, this.#taking.stop()]);
    // Whoever waits for the end of a drain asks until nobody answers.
    this.#operations[Symbol.dispose]();
  }

  #openTorrents(cache: PieceCache, readHave: ReadHave): Torrents {
    const { catalog, clock, telemetry } = this.#ports;
    return new Torrents({
      ...{ catalog, clock, log: telemetry.log, readHave },
      dropped: (torrent) => {
        cache.clear(torrent.shelf);
        this.#swarms.dropped(torrent);
        this.#peers.forget(torrent);
      },
      changed: (torrent) => {
        this.#peers.changed(torrent);
        this.#swarms.changed(torrent);
      },
      inUse: (infoHash) =>
        this.#swarms.has(infoHash) ||
        this.#operations.isPreheating(infoHash) ||
        this.#downloads.isDownloading(infoHash),
      got: (torrent, piece) => {
        this.#peers.got(torrent, piece);
        this.#downloads.got(torrent, piece);
      },
      lost: (torrent, piece) => this.#peers.lost(torrent, piece),
    });
  }

  #openOperations(cache: PieceCache): GatewayOperations {
    return new GatewayOperations(
      {
        ...{ ...this.#ports, cache, fills: this.#fills, peers: this.#peers },
        ...{ swarms: this.#swarms, torrents: this.#torrents },
      },
      { ...this.#config, address: this.peerAddress, ownPeerId: this.#ownPeerId },
    );
  }

  #openSwarms(): Swarms {
    return new Swarms(
      {
        ...this.#ports,
        presence: this.#presence,
        torrents: this.#torrents,
        siblings: () => siblingsOf(this.#presence, this.#config.id),
        offered: countOffered(this.#ports.telemetry.meter),
        scarceSlots: (infoHash) => this.#upload.slotsOf(infoHash),
      },
      {
        gateway: this.#config.id,
        unchokeSlots: this.#config.unchokeSlots,
        chokingPolicy: this.#config.chokingPolicy,
      },
    );
  }

  #openPeers(cache: PieceCache, passing: PassingStretches | null): PeerSide {
    const { catalog, clock, server, telemetry } = this.#ports;
    return new PeerSide(
      {
        ...{ catalog, clock, log: telemetry.log, cache, passing },
        ...{ fills: this.#fills, torrents: this.#torrents, swarms: this.#swarms },
        findObfuscated: async (hash) =>
          this.#operations.reachability.findObfuscated(hash) ?? this.#torrents.findObfuscated(hash),
        isProbe: (infoHash) => this.#operations.reachability.isProbe(infoHash),
        came: (peer) => {
          this.#announced.came(peer);
          this.#operations.reachability.came(peer);
        },
        closed: countClosed(telemetry.meter),
      },
      this.#config,
      {
        listen: { host: this.#config.host, port: server.port },
        advertisedPort: this.peerAddress.port,
        ownPeerId: this.#ownPeerId,
      },
    );
  }

  #leaveFleet(): void {
    if (this.#draining) return;
    this.#draining = true;
    // Said first: whoever is handed this gateway meanwhile would find a closed port.
    this.#announcer.announce();
    this.#ports.server.close();
    this.#utp[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#announced.stop();
    this.#operations.leave();
    this.#peers.leave();
  }

  #describe(): Presence {
    const { zone } = this.#config;
    return {
      role: "gateway",
      id: this.#config.id,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      draining: this.#draining,
      load: this.#peers.admission.count / this.#config.peersMax,
      peerAddress: this.peerAddress,
      urls: [],
      gateway: this.#operations.describe(),
      ...(zone === null ? {} : { zone }),
    };
  }
}

/** Pieces pass through unless other threads serve peers. */
function passingOf(
  { seals }: Taking,
  { asked }: PieceCache,
  config: NamedGatewayConfig,
): PassingStretches | null {
  return config.workers > 1 ? null : new PassingStretches({ seals, asked }, config);
}
