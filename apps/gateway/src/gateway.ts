import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Bus, Subscription } from "@seedfleet/bus";
import { type InfoHash, type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import { OPTIMISTIC_UNCHOKE_INTERVAL_MS } from "@seedfleet/choker";
import {
  type HostPort,
  type PeerAnnounced,
  type Presence,
  peerAnnouncedEvent,
} from "@seedfleet/contracts";
import {
  announcePresence,
  type Catalog,
  openCatalog,
  type PresenceAnnouncer,
  type PresenceWatch,
  watchPresence,
} from "@seedfleet/fleet";
import { type Clock, delay, VERSION } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { AnnouncedPeers, connectTo } from "./announced-peers.ts";
import type { CloseReason } from "./close-reason.ts";
import type { GatewayConfig } from "./config.ts";
import { type CountClosed, countClosed, showGateway } from "./gateway-metrics.ts";
import { greetAnnounced, greetPeer } from "./greet-peer.ts";
import { PeerAdmission } from "./peer-admission.ts";
import { listenForPeers, type PeerServer } from "./peer-server.ts";
import { PieceCache } from "./piece-cache.ts";
import { PieceFills } from "./piece-fills.ts";
import { pieceReader } from "./read-piece.ts";
import { refuseUtp } from "./refuse-utp.ts";
import { Swarms } from "./swarms.ts";
import { Torrents } from "./torrents.ts";

/** How long a drain waits for peers to take what they asked for. */
const DRAIN_MS_MAX = 5_000;

/** A peer notices at once that we closed; who has not by then is gone itself, or does not care. */
const LEAVE_MS_MAX = 1_000;

export type GatewayPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

export type NamedGatewayConfig = GatewayConfig & { readonly id: string };

export interface RunningGateway extends AsyncDisposable {
  /** Where peers are told to connect. */
  readonly peerAddress: HostPort;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Takes no new peers, answers what was asked, and lets the peers go. */
  drain(): Promise<void>;
}

/** A gateway that has its port and lets peers wait. */
export type BoundGateway = PeerServer;

/** Takes the port. Throws what `cannotListen` makes. */
export function bindGateway(config: GatewayConfig): Promise<BoundGateway> {
  return listenForPeers(config.host, config.peerPort);
}

/** Starts a gateway on the port it has or takes; a start that fails gives the port back. */
export async function startGateway(
  ports: GatewayPorts,
  config: NamedGatewayConfig,
  bound?: BoundGateway,
): Promise<RunningGateway> {
  const server = bound ?? (await bindGateway(config));
  try {
    const catalog = await openCatalog(ports.bus, ports.telemetry.log);
    return new Gateway({ ...ports, server, catalog }, config);
  } catch (error) {
    server.close();
    throw error;
  }
}

type OpenPorts = GatewayPorts & { readonly server: PeerServer; readonly catalog: Catalog };

/** The composition of one gateway: who knows whom, and the way of a socket from accept to swarm. */
class Gateway implements RunningGateway {
  readonly peerAddress: HostPort;
  readonly #ports: OpenPorts;
  readonly #config: NamedGatewayConfig;
  readonly #startedAtMs: number;
  readonly #ownPeerId = newPeerId();
  readonly #presence: PresenceWatch;
  readonly #announcer: PresenceAnnouncer;
  readonly #admission: PeerAdmission;
  readonly #cache: PieceCache;
  readonly #fills: PieceFills;
  readonly #torrents: Torrents;
  readonly #swarms: Swarms;
  readonly #countClosed: CountClosed;
  readonly #utp: Disposable;
  readonly #announced: AnnouncedPeers;
  readonly #introductions: Subscription;
  /** Every socket that was let in and has not closed. */
  readonly #sockets = new Set<Socket>();
  /** Those among them whose handshake is not done. */
  readonly #greeting = new Set<Socket>();
  #accepted = 0;
  #draining = false;

  constructor(ports: OpenPorts, config: NamedGatewayConfig) {
    const { bus, clock, telemetry, server, catalog } = ports;
    this.#ports = ports;
    this.#config = config;
    this.#startedAtMs = clock.nowMs();
    this.peerAddress = {
      host: config.advertisedHost ?? config.host,
      port: config.advertisedPort ?? server.port,
    };
    this.#countClosed = countClosed(telemetry.meter);
    this.#admission = new PeerAdmission(config);
    const cache = new PieceCache({ bytesMax: config.cacheBytes });
    this.#cache = cache;
    this.#presence = watchPresence(ports, ["choking-scheduler", "piece-store"]);
    this.#fills = new PieceFills({
      clock,
      telemetry,
      cache,
      readPiece: pieceReader(bus, this.#presence),
    });
    this.#torrents = new Torrents({
      catalog,
      clock,
      log: telemetry.log,
      dropped: ({ shelf }) => cache.clear(shelf),
      inUse: (infoHash) => this.#swarms.has(infoHash),
    });
    this.#swarms = this.#openSwarms();
    showGateway(telemetry.meter, { swarms: this.#swarms, cache });
    server.open((socket) => this.#take(socket, null));
    this.#utp = refuseUtp({ host: config.host, port: server.port }, telemetry.log);
    this.#announced = new AnnouncedPeers({
      clock,
      isConnected: ({ infoHash, peerId }) => this.#swarms.hasPeer(infoHash, peerId),
      dial: (peer) => this.#dial(peer),
    });
    const params = { gateway: config.id };
    this.#introductions = bus.subscribe(peerAnnouncedEvent, { params }, (peer) =>
      this.#announced.add(peer),
    );
    this.#announcer = announcePresence(ports, () => this.#describe());
    telemetry.log.info("gateway listening", { host: config.host, port: server.port });
  }

  ready(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    return { ready: !this.#draining, reasons: this.#draining ? ["draining"] : [] };
  }

  async drain(): Promise<void> {
    this.#leaveFleet();
    await this.#swarms.drain(delay(this.#ports.clock, DRAIN_MS_MAX));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaveFleet();
    this.#announcer.stop();
    this.#presence.stop();
    this.#swarms.close("draining");
    this.#fills.stop();
    await this.#closeSockets();
  }

  #openSwarms(): Swarms {
    return new Swarms(
      {
        ...this.#ports,
        presence: this.#presence,
        cache: this.#cache,
        fills: this.#fills,
        torrents: this.#torrents,
        closed: this.#countClosed,
      },
      {
        gateway: this.#config.id,
        unchokeSlots: this.#config.unchokeSlots,
        optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS,
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
    this.#introductions.unsubscribe();
    this.#announced.stop();
    for (const socket of this.#greeting) socket.destroy();
  }

  /** Lets peers take our last words; a socket half open would keep the process alive. */
  async #closeSockets(): Promise<void> {
    const closing = Array.from(this.#sockets, (socket) => {
      return new Promise((resolve) => socket.once("close", resolve));
    });
    await Promise.race([Promise.all(closing), delay(this.#ports.clock, LEAVE_MS_MAX)]);
    for (const socket of this.#sockets) socket.destroy();
  }

  #describe(): Presence {
    return {
      role: "gateway",
      id: this.#config.id,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      draining: this.#draining,
      load: this.#admission.count / this.#config.peersMax,
      peerAddress: this.peerAddress,
      urls: [],
    };
  }

  #take(socket: Socket, infoHash: InfoHash | null): void {
    // A reset is an end like any other; "close" follows it.
    socket.on("error", () => {});
    const address = socket.remoteAddress ?? "";
    const full = this.#admission.enter(address);
    if (full !== null) return this.#refuse(socket, full);
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#admission.leave(address);
    });
    this.#greet(socket, infoHash).catch((error: unknown) => {
      this.#ports.telemetry.log.error("greeting failed", { reason: String(error) });
      socket.destroy();
    });
  }

  async #dial({ askedAs, address }: PeerAnnounced): Promise<void> {
    const socket = await connectTo(this.#ports.clock, address);
    if (socket === null) this.#countClosed("unreachable");
    else this.#take(socket, askedAs);
  }

  /** With an info hash it is we who opened the connection, and speak first. */
  async #greet(socket: Socket, infoHash: InfoHash | null): Promise<void> {
    const { clock } = this.#ports;
    const ports = { clock, torrents: this.#torrents, ownPeerId: this.#ownPeerId };
    this.#greeting.add(socket);
    const greeting =
      infoHash === null ? greetPeer(ports, socket) : greetAnnounced(ports, socket, infoHash);
    const greeted = await greeting.finally(() => this.#greeting.delete(socket));
    if (greeted.kind === "refused") return this.#refuse(socket, greeted.reason);
    if (this.#draining) return this.#refuse(socket, "draining");
    const { peerId, torrent } = greeted;
    this.#announced.came({ infoHash: torrent.infoHash, peerId, host: remoteHost(socket) });
    this.#accepted += 1;
    this.#swarms.join({ ...greeted, socket, serial: this.#accepted }, greeted.rest);
  }

  #refuse(socket: Socket, reason: CloseReason): void {
    socket.destroy();
    this.#countClosed(reason);
  }
}

/** The peer's IP address, as a tracker knows it where IPv4 comes as IPv6. */
function remoteHost(socket: Socket): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** `-SF` and the version, then chance (BEP 20). */
function newPeerId(): PeerId {
  const [major = "0", minor = "0", patch = "0"] = VERSION.split(".");
  const client = Buffer.from(`-SF${major}${minor}${patch}0-`);
  return peerIdFromBytes(Buffer.concat([client, randomBytes(20 - client.length)]));
}
