import type { Socket } from "node:net";
import { downloadTraceId, type InfoHash, type PeerId } from "@seedfleet/bytes";
import { type PeerKey, type PeerSnapshot, peerKey } from "@seedfleet/choker";
import { encodeMessage } from "@seedfleet/wire";
import { BlockPath, type BlockPathPorts } from "./block-path.ts";
import type { CloseReason } from "./close-reason.ts";
import { KEEP_ALIVE_INTERVAL_MS, PEER_IDLE_MS_MAX, SEND_STALL_MS_MAX } from "./peer-limits.ts";
import { PeerSession } from "./peer-session.ts";
import type { Torrent } from "./torrent.ts";
import { UploadRate } from "./upload-rate.ts";

const CHOKE = encodeMessage({ kind: "choke" });
const UNCHOKE = encodeMessage({ kind: "unchoke" });
const KEEP_ALIVE = encodeMessage({ kind: "keep-alive" });

/** What a connection tells the swarm it belongs to. */
export interface ConnectionEvents {
  interestChanged(connection: PeerConnection): void;
  closed(connection: PeerConnection, reason: CloseReason): void;
}

/** Who is at the other end, from its handshake. */
export type ConnectedPeer = {
  readonly socket: Socket;
  readonly torrent: Torrent;
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  /** Never used twice by this gateway, unlike the peer id, which a peer chooses. */
  readonly serial: number;
};

/** One peer's connection after its handshake: its socket, its protocol state, its life. */
export class PeerConnection {
  readonly peerKey: PeerKey;
  readonly #ports: BlockPathPorts;
  readonly #peer: ConnectedPeer;
  readonly #events: ConnectionEvents;
  readonly #session: PeerSession;
  readonly #blocks: BlockPath;
  readonly #uploadRate: UploadRate;
  readonly #connectedAtMs: number;
  #unchokedAtMs: number | null = null;
  #uploadBytesPerSecond = 0;
  #receivedAtMs: number;
  #spokeAtMs: number;
  #sentBytesSeen = 0;
  #closed = false;

  constructor(ports: BlockPathPorts, peer: ConnectedPeer, events: ConnectionEvents) {
    const { socket, torrent, infoHash, peerId } = peer;
    this.peerKey = peerKey(`${peerId.slice(-16)}-${peer.serial}`);
    this.#ports = ports;
    this.#peer = peer;
    this.#events = events;
    this.#session = new PeerSession(torrent.metainfo);
    this.#blocks = new BlockPath(ports, {
      socket,
      torrent,
      session: this.#session,
      traceId: downloadTraceId(infoHash, peerId),
      pieceMissing: (outcome) => this.close(outcome === "gone" ? "pieces-gone" : "store-away"),
    });
    this.#connectedAtMs = ports.clock.nowMs();
    this.#receivedAtMs = this.#connectedAtMs;
    this.#spokeAtMs = this.#connectedAtMs;
    this.#uploadRate = new UploadRate(this.#connectedAtMs);
  }

  /** Says what we have and begins to read, first what came behind the handshake. */
  start(rest: Uint8Array): void {
    const { socket, torrent } = this.#peer;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("close", () => this.close("peer-closed"));
    socket.write(encodeMessage({ kind: "bitfield", bits: torrent.have.toBytes() }));
    if (rest.length > 0) this.#receive(rest);
    socket.resume();
  }

  get peerId(): PeerId {
    return this.#peer.peerId;
  }

  get amChoking(): boolean {
    return this.#session.amChoking;
  }

  get peerInterested(): boolean {
    return this.#session.peerInterested;
  }

  /** Block bytes handed to the socket since the connection began. */
  get sentBytes(): number {
    return this.#blocks.sentBytes;
  }

  /** Takes no more requests, so that `isBusy` ends. */
  finish(): void {
    this.#session.finish();
  }

  /** True while requests wait for an answer or answers for the socket. */
  get isBusy(): boolean {
    return this.#session.requestCount > 0 || this.#peer.socket.writableLength > 0;
  }

  /** Renews the rolling upload rate; once a choke round. */
  sampleRate(nowMs: number): void {
    this.#uploadBytesPerSecond = this.#uploadRate.sample(this.#blocks.takenBytes, nowMs);
  }

  snapshot(): PeerSnapshot {
    return {
      peerKey: this.peerKey,
      amChoking: this.#session.amChoking,
      peerInterested: this.#session.peerInterested,
      uploadBytesPerSecond: this.#uploadBytesPerSecond,
      connectedAtMs: this.#connectedAtMs,
      unchokedAtMs: this.#unchokedAtMs,
    };
  }

  choke(): void {
    if (this.#session.amChoking) return;
    this.#session.choke();
    this.#send(CHOKE);
    this.#blocks.readOrNot();
  }

  unchoke(): void {
    if (!this.#session.amChoking) return;
    this.#session.unchoke();
    this.#unchokedAtMs = this.#ports.clock.nowMs();
    this.#send(UNCHOKE);
  }

  /** Closes a peer that is gone and keeps alive one that only waits; called every few seconds. */
  checkAlive(nowMs: number): void {
    const { fullSinceMs, sentBytes } = this.#blocks;
    if (sentBytes !== this.#sentBytesSeen) this.#spokeAtMs = nowMs;
    this.#sentBytesSeen = sentBytes;
    if (fullSinceMs !== null) {
      if (nowMs - fullSinceMs > SEND_STALL_MS_MAX) this.close("send-stalled");
    } else if (nowMs - this.#receivedAtMs > PEER_IDLE_MS_MAX) {
      this.close("idle");
    } else if (nowMs - this.#spokeAtMs > KEEP_ALIVE_INTERVAL_MS) {
      this.#send(KEEP_ALIVE);
    }
  }

  /** Ends the connection. What the socket already holds is still sent when we leave in peace. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.choke();
    if (reason === "draining") this.#peer.socket.end(CHOKE);
    else this.#peer.socket.destroy();
    this.#events.closed(this, reason);
  }

  #receive(bytes: Uint8Array): void {
    const session = this.#session;
    const wasInterested = session.peerInterested;
    this.#receivedAtMs = this.#ports.clock.nowMs();
    const violation = session.receive(bytes);
    if (violation !== null) return this.close(violation.code);
    // A peer that has everything and wants nothing holds a place that others need.
    if (session.peerIsSeed && !session.peerInterested) return this.close("peer-is-seed");
    if (session.peerInterested !== wasInterested) this.#events.interestChanged(this);
    if (!this.#closed) this.#blocks.flush();
  }

  #send(message: Uint8Array): void {
    if (this.#closed) return;
    this.#peer.socket.write(message);
    this.#spokeAtMs = this.#ports.clock.nowMs();
  }
}
