import type { Socket } from "node:net";
import type { InfoHash, PeerId } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import type { HostPort, PeerAnnounced } from "@seedfleet/contracts";
import { type CancelTimer, delay } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { BlockPathPorts } from "../blocks/block-path.ts";
import type { SwarmSide } from "../swarms/swarms.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { connectTo } from "./announced-peers.ts";
import { type CloseReason, isOffence } from "./close-reason.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { type ConnectionOrigin, type OpenedAs, originOf } from "./connection-origin.ts";
import { dialEachWay } from "./dial-each-way.ts";
import { type GreetPorts, greetAnnounced, greetPeer } from "./greet-peer.ts";
import type { Offenders } from "./offenders.ts";
import type { Admission } from "./peer-admission.ts";
import { PeerConnection } from "./peer-connection.ts";
import { remoteHost } from "./peer-origin.ts";
import { PeerStream } from "./peer-stream.ts";

const CHECK_ALIVE_INTERVAL_MS = 5_000;
const CHECK_DRAINED_INTERVAL_MS = 50;

/**
 * A peer closes its side once it has read all that it asked for, of which clients have some three
 * seconds on their way. Closed before, it would be reset, and never read where it was told to go.
 */
export const LEAVE_MS_MAX = 5_000;

/** A peer whose handshake is done, as the gateway looks for those it waits for. */
export type PeerCame = {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  readonly host: string;
  /** Whether it is we who went there. */
  readonly isDialled: boolean;
};

export type PeerHostPorts = BlockPathPorts &
  Pick<GreetPorts, "findTorrent" | "findObfuscated"> & {
    readonly log: Log;
    readonly swarms: SwarmSide;
    readonly admission: Admission;
    readonly offenders: Pick<Offenders, "refuses">;
    /** A peer from there broke the protocol. */
    readonly offended: (origin: string) => void;
    /** True of the info hash by which the gateway looks whether it can be reached, from there. */
    readonly isProbe: (infoHash: InfoHash, origin: string) => boolean;
    readonly came: (peer: PeerCame) => void;
    readonly closed: (reason: CloseReason) => void;
  };

export type PeerHostConfig = Pick<GreetPorts, "ownPeerId" | "encryption"> & {
  /** The port that peers reach this gateway by. */
  readonly ownPort: number;
  /** Serials of connections begin here and go on by `serialStep`: no two threads share one. */
  readonly firstSerial: number;
  readonly serialStep: number;
};

/** The connections of peers of one thread: from accept over the handshake to the end. */
export class PeerHost implements ConnectionEvents {
  readonly #ports: PeerHostPorts;
  readonly #config: PeerHostConfig;
  readonly #cancelCheck: CancelTimer;
  /** Every socket that was let in and has not closed. */
  readonly #sockets = new Set<Socket>();
  /** Whose handshake is not done. */
  readonly #greeting = new Set<Socket>();
  readonly #connections = new Map<PeerConnection, ConnectionOrigin>();
  #serial: number;
  #sentBytesOfClosed = 0;
  #draining = false;

  constructor(ports: PeerHostPorts, config: PeerHostConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#serial = config.firstSerial;
    this.#cancelCheck = ports.clock.every(CHECK_ALIVE_INTERVAL_MS, () => this.#checkAlive());
  }

  /** Block bytes sent to all peers there ever were. */
  get sentBytes(): number {
    let sum = this.#sentBytesOfClosed;
    for (const connection of this.#connections.keys()) sum += connection.sentBytes;
    return sum;
  }

  get hasPeers(): boolean {
    return this.#connections.size > 0;
  }

  /** How many peers of each torrent may download, or are sent something else. */
  countServed(): ReadonlyMap<Torrent, number> {
    const nowMs = this.#ports.clock.nowMs();
    const counts = new Map<Torrent, number>();
    for (const connection of this.#connections.keys()) {
      const { torrent, amChoking } = connection;
      if (amChoking && !connection.isAnswered(nowMs)) continue;
      counts.set(torrent, (counts.get(torrent) ?? 0) + 1);
    }
    return counts;
  }

  /** Those that are choked and sent metadata or hashes. */
  answered(): readonly PeerKey[] {
    const nowMs = this.#ports.clock.nowMs();
    return this.#connections
      .keys()
      .filter((connection) => connection.amChoking && connection.isAnswered(nowMs))
      .map(({ peerKey }) => peerKey)
      .toArray();
  }

  /** Takes a connection that a peer opened. */
  accept(socket: Socket): void {
    void this.#take(socket, null);
  }

  /** Opens a connection to a peer that does not come by itself. Why that failed; null if not. */
  async dial(
    { askedAs, address }: Pick<PeerAnnounced, "askedAs" | "address">,
    ended: OpenedAs["ended"] = null,
  ): Promise<CloseReason | null> {
    const { encryption } = this.#config;
    const known = { infoHash: askedAs, port: address.port, ended };
    return await dialEachWay(encryption, (encrypt) => {
      return this.#dialOnce(address, { ...known, encrypt });
    });
  }

  /** Its peers here. */
  of(torrent: Torrent): Iterable<PeerConnection> {
    return this.#connections.keys().filter((connection) => connection.torrent === torrent);
  }

  /** A piece of the torrent came to be there: peers are told of it. */
  got(torrent: Torrent, piece: number): void {
    for (const connection of this.of(torrent)) connection.got(piece);
  }

  /** The torrent is whole, or not downloaded any more. */
  downloadEnded(torrent: Torrent): void {
    for (const connection of this.of(torrent)) connection.downloadEnded();
  }

  /** Has downloads ask others for what peers do not send; to be called about once a second. */
  tickDownloads(nowMs: number): void {
    for (const { download } of this.#connections.keys()) download?.tick(nowMs);
  }

  /** Takes no new peers any more; those whose handshake is not done are let go. */
  leave(): void {
    this.#draining = true;
    for (const socket of this.#greeting) socket.destroy();
  }

  /** Answers the requests at hand and lets every peer go, at `deadline` also the slow. */
  async drain(deadline: Promise<void>): Promise<void> {
    this.leave();
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    const letGo = (): void => {
      for (const peer of this.#connections.keys()) if (!peer.isBusy) peer.close("draining");
      if (this.#connections.size === 0) resolve();
    };
    for (const peer of this.#connections.keys()) peer.finish();
    letGo();
    const cancel = this.#ports.clock.every(CHECK_DRAINED_INTERVAL_MS, letGo);
    await Promise.race([empty, deadline]);
    cancel();
    for (const peer of this.#connections.keys()) peer.close("draining");
  }

  /** Ends every connection; lets peers take our last words first. */
  async close(): Promise<void> {
    this.leave();
    this.#cancelCheck();
    for (const peer of this.#connections.keys()) peer.close("draining");
    const closing = Array.from(this.#sockets, (socket) => {
      return new Promise((resolve) => socket.once("close", resolve));
    });
    // A socket half open would keep the process alive.
    await Promise.race([Promise.all(closing), delay(this.#ports.clock, LEAVE_MS_MAX)]);
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Why it is not ours to serve; null once it is. */
  async #dialOnce(address: HostPort, opened: OpenedAs): Promise<CloseReason | null> {
    const socket = await connectTo(this.#ports.clock, address, { shared: true });
    if (socket !== null) return await this.#take(socket, opened);
    this.#ports.closed("unreachable");
    return "unreachable";
  }

  /** Lets a socket in, if there is room, and finds out whose it is. */
  async #take(socket: Socket, opened: OpenedAs | null): Promise<CloseReason | null> {
    const { admission, clock, log, offenders } = this.#ports;
    // A reset is an end like any other; "close" follows it.
    socket.on("error", () => {});
    const from = originOf(socket, opened);
    const { origin, isAnswerable } = from;
    if (isAnswerable && offenders.refuses(origin, clock.nowMs())) {
      return this.#refuse(socket, "address-refused");
    }
    const full = admission.enter(origin);
    if (full !== null) return this.#refuse(socket, full);
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      admission.leave(origin);
    });
    try {
      return await this.#greet(socket, from, opened);
    } catch (error) {
      log.error("greeting failed", { reason: String(error) });
      socket.destroy();
      return "peer-closed";
    }
  }

  /** Where it is we who opened the connection, we speak first. */
  async #greet(
    socket: Socket,
    from: ConnectionOrigin,
    opened: OpenedAs | null,
  ): Promise<CloseReason | null> {
    const { came, isProbe } = this.#ports;
    const ports = {
      ...{ ...this.#ports, ...this.#config },
      isProbe: (infoHash: InfoHash) => isProbe(infoHash, from.origin),
    };
    this.#greeting.add(socket);
    const greeting =
      opened === null ? greetPeer(ports, socket) : greetAnnounced(ports, socket, opened);
    const greeted = await greeting.finally(() => this.#greeting.delete(socket));
    if (greeted.kind === "refused") {
      this.#judge(from, greeted.reason);
      return this.#refuse(socket, greeted.reason);
    }
    if (this.#draining) return this.#refuse(socket, "draining");
    const { infoHash: askedAs, peerId, torrent, rest, ciphers } = greeted;
    const host = remoteHost(socket.remoteAddress);
    came({ infoHash: torrent.infoHash, peerId, host, isDialled: opened !== null });
    this.#serial += this.#config.serialStep;
    const at = { ownPort: this.#config.ownPort, port: opened?.port ?? null };
    const makesRoom = from.ended !== null;
    const peer = { ...greeted, stream: new PeerStream(socket, ciphers), host, ...at, makesRoom };
    const connection = new PeerConnection(this.#ports, { ...peer, serial: this.#serial }, this);
    this.#connections.set(connection, from);
    const { peerKey, superSeeded, fast } = connection;
    const identity = { peerKey, peerId, askedAs, host, superSeeded, fast };
    this.#ports.swarms.join(torrent, identity, connection);
    connection.start(rest);
    return null;
  }

  interestChanged({ torrent, peerKey, peerInterested }: PeerConnection): void {
    this.#ports.swarms.interestChanged(torrent, peerKey, peerInterested);
  }

  introduced({ torrent, peerKey, host, listenPort, takesPex }: PeerConnection): void {
    this.#ports.swarms.introduced(torrent, peerKey, { host, listenPort, takesPex });
  }

  had({ torrent, peerKey }: PeerConnection, pieces: readonly number[]): void {
    this.#ports.swarms.had(torrent, peerKey, pieces);
  }

  closed(connection: PeerConnection, reason: CloseReason): void {
    const from = this.#connections.get(connection) ?? null;
    if (from !== null) this.#judge(from, reason);
    from?.ended?.({ reason, wasOfUse: connection.download?.wasOfUse ?? false });
    this.#connections.delete(connection);
    const { sentBytes, torrent } = connection;
    this.#sentBytesOfClosed += sentBytes;
    torrent.sentBytesOfGone += sentBytes;
    this.#ports.closed(reason);
    this.#ports.swarms.leave(torrent, connection.peerKey);
  }

  #judge({ origin, isAnswerable }: ConnectionOrigin, reason: CloseReason): void {
    if (!isAnswerable || !isOffence(reason)) return;
    // Who would rather encrypt begins so, and comes again in the clear.
    const isEncryption = reason === "handshake-protocol" && this.#config.encryption === "off";
    if (!isEncryption) this.#ports.offended(origin);
  }

  #refuse(socket: Socket, reason: CloseReason): CloseReason {
    socket.destroy();
    // It was ourselves, and no peer.
    if (reason !== "probe") this.#ports.closed(reason);
    return reason;
  }

  #checkAlive(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const connection of this.#connections.keys()) connection.checkAlive(nowMs);
  }
}
