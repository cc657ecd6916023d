import type { Socket } from "node:net";
import type { InfoHash, InfoHashV2, PeerId } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { CancelTimer, Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { HashRange } from "@seedfleet/wire";
import { type KnownPeer, PeerBook } from "../outbound/peer-book.ts";
import type { EncryptionPolicy } from "../peers/open-stream.ts";
import { remoteHost } from "../peers/peer-origin.ts";
import { PeerStream } from "../peers/peer-stream.ts";
import { metadataStopped, metadataUnusable } from "./metadata-errors.ts";
import { METADATA_DIALS_MAX, METADATA_PEERS_MAX } from "./metadata-limits.ts";
import type { MetadataMetrics } from "./metadata-metrics.ts";
import { type MetadataEnd, MetadataPeer, type MetadataPeerEvents } from "./metadata-peer.ts";
import { type MetadataStatus, metadataStatus } from "./metadata-status.ts";
import { MetadataWork } from "./metadata-work.ts";
import { type OpenedPeer, openPeer } from "./open-peer.ts";
import type { PeerFault } from "./peer-fault.ts";

const LOOK_INTERVAL_MS = 1_000;

export type MetadataFetchPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetadataMetrics;
  /** Peers that others told of (BEP 11), which are new; they are dialled already. */
  readonly peersFound: (addresses: readonly HostPort[]) => void;
};

export type MetadataFetchOptions = {
  /** As it goes on the wire: of a torrent known by v2 alone, the head of that. */
  readonly infoHash: InfoHash;
  readonly infoHashV2: InfoHashV2 | null;
  readonly ownPeerId: PeerId;
  readonly encryption: EncryptionPolicy;
  /** Where peers reach us; null is not said. */
  readonly listenPort: number | null;
};

/**
 * Fetches the metadata of a torrent from peers (BEP 9), and its piece layers (BEP 52), so that a
 * magnet becomes a .torrent file. It goes on for as long as it takes: whoever has a limit stops it.
 */
export class MetadataFetch implements MetadataPeerEvents {
  /**
   * The bytes of a .torrent file without trackers. Rejects with `metadata-stopped`, or with
   * `metadata-unusable` where the torrent is one that `parseMetainfo()` does not take.
   */
  readonly result: Promise<Uint8Array>;
  readonly #settle: PromiseWithResolvers<Uint8Array>;
  readonly #ports: MetadataFetchPorts;
  readonly #options: MetadataFetchOptions;
  readonly #work: MetadataWork;
  readonly #book = new PeerBook({
    ...{ connectionsMax: METADATA_PEERS_MAX, dialsMax: METADATA_DIALS_MAX },
  });
  readonly #peers = new Map<number, MetadataPeer>();
  readonly #sockets = new Set<Socket>();
  readonly #cancelLook: CancelTimer;
  #answered = 0;
  #corrupt = 0;
  #isFinished = false;

  constructor(ports: MetadataFetchPorts, options: MetadataFetchOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#work = new MetadataWork(options);
    this.#settle = Promise.withResolvers();
    this.result = this.#settle.promise;
    // Whoever does not look at the result is not ended by it.
    this.result.catch(() => {});
    this.#cancelLook = ports.clock.every(LOOK_INTERVAL_MS, () => this.#look());
  }

  /** Peers that may have the torrent. What is known already, or too much, is let fall. */
  addPeers(addresses: readonly HostPort[]): void {
    this.#book.add(addresses);
    this.#dialDue();
  }

  status(): MetadataStatus {
    return metadataStatus({
      state: this.#work.state,
      peersKnown: this.#book.size,
      peersConnected: this.#peers.size,
      peersAnswered: this.#answered,
      peersCorrupt: this.#corrupt,
      progress: this.#work.progress(),
      layers: this.#work.layers(),
    });
  }

  /** Ends it, and all of its connections. Harmless once there is a result. */
  stop(): void {
    this.#work.stop();
    this.#finish();
  }

  hasMetadata(peer: MetadataPeer, sizeBytes: number): void {
    this.#work.hasMetadata(peer.number, sizeBytes);
    this.#goOn();
  }

  metadataCame(
    peer: MetadataPeer,
    message: Parameters<MetadataPeerEvents["metadataCame"]>[1],
  ): boolean {
    const wasOfUse = this.#work.metadataCame(peer.number, message);
    this.#goOn();
    return wasOfUse;
  }

  metadataRejected(peer: MetadataPeer, piece: number): void {
    this.#work.metadataRejected(peer.number, piece, this.#ports.clock.nowMs());
    this.#goOn();
  }

  hashesCame(peer: MetadataPeer, range: HashRange, hashes: Uint8Array): boolean {
    const wasOfUse = this.#work.hashesCame(peer.number, range, hashes);
    this.#goOn();
    return wasOfUse;
  }

  hashesRejected(peer: MetadataPeer, range: HashRange): void {
    this.#work.hashesRejected(peer.number, range, this.#ports.clock.nowMs());
    this.#goOn();
  }

  toldOf(_peer: MetadataPeer, addresses: readonly HostPort[]): void {
    if (this.#work.state !== "metadata") return;
    const fresh = this.#book.add(addresses);
    if (fresh.length === 0) return;
    this.#ports.peersFound(fresh);
    this.#dialDue();
  }

  ended(peer: MetadataPeer, reason: MetadataEnd): void {
    const { number, wasOfUse } = peer;
    this.#peers.delete(number);
    this.#work.left(number);
    this.#left(number, reason, wasOfUse);
    this.#goOn();
  }

  /** Once a second: who is silent or away too long, and who is to be dialled again. */
  #look(): void {
    const nowMs = this.#ports.clock.nowMs();
    const othersWait = this.#book.isFull && this.#book.hasDue(nowMs);
    for (const peer of [...this.#peers.values()]) peer.checkAlive(othersWait);
    this.#work.expire(nowMs);
    const isAlone = this.#book.busy === 0 && !this.#book.hasDue(nowMs);
    if (isAlone) this.#work.nobodyIsLeft();
    this.#goOn();
  }

  /** Draws what follows from what has happened: faults, the end, questions, dials. */
  #goOn(): void {
    const nowMs = this.#ports.clock.nowMs();
    for (const fault of this.#work.takeFaults()) this.#letGo(fault);
    if (this.#work.advance(nowMs)) this.#seekLayers();
    if (this.#work.outcome !== null) return this.#finish();
    for (const { peer, piece } of this.#work.metadataAsks(nowMs)) {
      this.#peers.get(peer)?.askMetadata(piece);
    }
    for (const { peer, range } of this.#work.hashAsks(nowMs)) {
      this.#peers.get(peer)?.askHashes(range);
    }
    this.#dialDue();
  }

  /** The torrent has a v2 side, as is known by now: peers are greeted by that from now on. */
  #seekLayers(): void {
    for (const peer of [...this.#peers.values()]) if (!peer.takesHashes) peer.close("no-hashes");
    this.#book.forgetFailures();
  }

  #letGo({ peer, code }: PeerFault): void {
    const { log } = this.#ports;
    if (code === "corrupt") {
      this.#corrupt += 1;
      const say = this.#corrupt === 1 ? log.warn : log.debug;
      say.call(log, "metadata from a peer was wrong", { infoHash: this.#options.infoHash });
    }
    if (code !== "unhelpful") this.#book.ban(peer);
    this.#peers.get(peer)?.close(code);
  }

  #dialDue(): void {
    while (this.#work.outcome === null) {
      const known = this.#book.next(this.#ports.clock.nowMs());
      if (known === null) return;
      void this.#dial(known);
    }
  }

  async #dial({ number, address }: KnownPeer): Promise<void> {
    const { ownPeerId, encryption } = this.#options;
    const { nameV2, state } = this.#work;
    // Encrypted by the v1 side libtorrent does not go on by the other, whatever the bit says.
    const byV2 = state === "piece-layers" && nameV2 !== null;
    const infoHash = byV2 ? nameV2 : this.#options.infoHash;
    const v2 = nameV2 !== null && nameV2 !== infoHash;
    const hasName = (name: InfoHash): boolean => name === nameV2;
    const ports = {
      clock: this.#ports.clock,
      opened: (socket: Socket) => this.#opened(socket),
      isStopped: () => this.#work.outcome !== null,
    };
    const options = { infoHash, v2, hasName, ownPeerId, encryption };
    const reached = await openPeer(ports, address, options).catch((error: unknown) => {
      this.#ports.log.error("greeting failed", { infoHash, reason: String(error) });
      return "peer-closed" as const;
    });
    const refusal = typeof reached === "string" ? reached : this.#meet(number, reached);
    if (refusal !== null) this.#left(number, refusal, false);
    this.#goOn();
  }

  /** Takes in a peer whose handshake is done; else gives why not. */
  #meet(number: number, opened: OpenedPeer): MetadataEnd | null {
    const { socket, greeted } = opened;
    const takesHashes = greeted.infoHash === this.#work.nameV2;
    const refusal = this.#refusal(opened, takesHashes);
    this.#answered += 1;
    if (refusal !== null) {
      socket.destroy();
      return refusal;
    }
    const ports = { clock: this.#ports.clock, events: this };
    const { listenPort } = this.#options;
    const host = remoteHost(socket.remoteAddress);
    const stream = new PeerStream(socket, greeted.ciphers);
    const peer = new MetadataPeer(ports, stream, { number, host, listenPort, takesHashes });
    this.#peers.set(number, peer);
    this.#book.connected(number);
    this.#work.joined(number, takesHashes);
    peer.start(greeted.rest);
    return null;
  }

  #refusal({ socket, greeted }: OpenedPeer, takesHashes: boolean): MetadataEnd | null {
    if (this.#work.outcome !== null) return "done";
    if (socket.destroyed) return "peer-closed";
    if (this.#work.state === "piece-layers") return takesHashes ? null : "no-hashes";
    return greeted.reserved.extended ? null : "no-extensions";
  }

  #opened(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #left(number: number, reason: MetadataEnd, wasOfUse: boolean): void {
    this.#ports.metrics.left(reason);
    this.#book.ended(number, wasOfUse, this.#ports.clock.nowMs());
    if (reason === "own-peer-id") this.#book.ban(number);
  }

  #finish(): void {
    const { outcome } = this.#work;
    if (outcome === null || this.#isFinished) return;
    this.#isFinished = true;
    this.#cancelLook();
    for (const peer of [...this.#peers.values()]) peer.close("done");
    for (const socket of this.#sockets) socket.destroy();
    this.#ports.metrics.fetched(outcome.kind);
    const { infoHash } = this.#options;
    if (outcome.kind === "stopped") this.#settle.reject(metadataStopped(infoHash));
    else if (outcome.kind === "unusable") {
      this.#settle.reject(metadataUnusable(infoHash, outcome.violation));
    } else {
      const { bytes, kind } = outcome;
      this.#ports.log.info("metadata fetched", { infoHash, bytes: bytes.length, outcome: kind });
      this.#settle.resolve(bytes);
    }
  }
}
