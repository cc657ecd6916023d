import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { type InfoHash, type PeerId, peerIdFromBytes } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { Catalog } from "@seedfleet/fleet";
import { type Clock, delay, VERSION } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { BatchSize } from "./blocks/batch-size.ts";
import type { PieceCache } from "./blocks/piece-cache.ts";
import type { GatewayConfig } from "./config.ts";
import type { Passing } from "./fills/passing-stretches.ts";
import type { PieceSource } from "./fills/piece-source.ts";
import type { CloseReason } from "./peers/close-reason.ts";
import type { ConnectionEnd } from "./peers/connection-origin.ts";
import type { FindTorrent } from "./peers/greet-peer.ts";
import { Offenders } from "./peers/offenders.ts";
import type { FindObfuscated } from "./peers/open-stream.ts";
import { type Admission, type AdmissionLimits, PeerAdmission } from "./peers/peer-admission.ts";
import { type PeerCame, PeerHost } from "./peers/peer-host.ts";
import { SharedAdmission, sharedAdmissionMemory } from "./peers/shared-admission.ts";
import type { SwarmSide } from "./swarms/swarms.ts";
import type { Torrent } from "./torrents/torrent.ts";
import type { Torrents } from "./torrents/torrents.ts";
import { UploadLimiter } from "./upload/upload-limiter.ts";
import type { GatewayDemand, UploadParts, UploadSettings } from "./upload/upload-limits.ts";
import { OwnUpload } from "./workers/own-upload.ts";
import { PeerThreads } from "./workers/peer-threads.ts";
import { torrentTeller } from "./workers/tell-torrent.ts";
import type { Dialled } from "./workers/worker-messages.ts";

export type PeerSidePorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly catalog: Catalog;
  readonly cache: PieceCache;
  readonly fills: PieceSource;
  /** Null where other threads have the peers: what a store reads at once is in this one. */
  readonly passing: Passing | null;
  readonly torrents: Torrents;
  readonly swarms: SwarmSide;
  readonly findObfuscated: FindObfuscated;
  /** True of the info hash by which this gateway looks whether it can be reached. */
  readonly isProbe: (infoHash: InfoHash) => boolean;
  readonly came: (peer: PeerCame) => void;
  readonly closed: (reason: CloseReason) => void;
};

/** Where peers come to: what is listened on, and the port they know it by. */
export type PeerPorts = {
  readonly listen: HostPort;
  readonly advertisedPort: number;
  readonly ownPeerId: PeerId;
};

/**
 * All connections of a gateway's peers: in this thread, or in as many threads of their own as are
 * set. Then this thread has those that came before the others listened, and no more.
 */
export class PeerSide {
  readonly admission: Admission;
  readonly limiter: UploadLimiter;
  readonly #ports: PeerSidePorts;
  readonly #offenders: Offenders;
  readonly #host: PeerHost;
  readonly #threads: PeerThreads | null;

  constructor(ports: PeerSidePorts, config: GatewayConfig, at: PeerPorts) {
    this.#ports = ports;
    const { workers, encryption, offencesMax, nearRoundTripMs } = config;
    this.#offenders = new Offenders(offencesMax);
    const memory = workers > 1 ? sharedAdmissionMemory() : null;
    this.admission =
      memory === null ? new PeerAdmission(config) : new SharedAdmission(memory, config);
    const peers = {
      ...{ ownPeerId: at.ownPeerId, ownPort: at.advertisedPort, encryption },
      ...{ firstSerial: 0, serialStep: workers > 1 ? workers + 1 : 1 },
    };
    const findTorrent: FindTorrent = (infoHash) => ports.torrents.find(infoHash);
    this.limiter = new UploadLimiter(ports.clock, config);
    const { admission, limiter } = this;
    const batchSize = new BatchSize(config);
    const shared = {
      offended: (origin: string) => this.#offended(origin),
      isProbe: (infoHash: InfoHash, origin: string) => this.#isProbe(infoHash, origin),
    };
    this.#host = new PeerHost(
      {
        ...{ ...ports, ...shared, findTorrent, admission, limiter, batchSize },
        offenders: this.#offenders,
      },
      peers,
    );
    this.#threads =
      memory === null
        ? null
        : new PeerThreads(
            workers,
            {
              ...{ ...ports, ...shared, tellTorrent: torrentTeller(ports) },
              own: new OwnUpload(this.#host, limiter),
            },
            {
              ...{ ...at.listen, peers, admission: memory, limits: limitsOf(config) },
              ...{ offencesMax, nearRoundTripMs },
              ...{ visited: ports.cache.visited, cacheBytesMax: config.cacheBytes },
              upload: uploadOf(config),
            },
          );
  }

  /** Block bytes sent to all peers there ever were. */
  get sentBytes(): number {
    return this.#host.sentBytes + (this.#threads?.sentBytes ?? 0);
  }

  /** Resolves once other threads take the peers that come; never where this one does. */
  async otherThreadsListen(): Promise<boolean> {
    await this.#threads?.listening();
    return this.#threads !== null;
  }

  accept(socket: Socket): void {
    this.#host.accept(socket);
  }

  /** Opens a connection to a peer that does not come by itself. Why that failed, null if not. */
  async dial(peer: Dialled): Promise<CloseReason | null> {
    return await (this.#threads ?? this.#host).dial(peer);
  }

  /**
   * Opens a connection to download over, which is always this thread's. Why that failed, null if it
   * did not; `ended` is told when the connection ends that came of it.
   */
  async dialToDownload(
    peer: Dialled,
    ended: (end: ConnectionEnd) => void,
  ): Promise<CloseReason | null> {
    return await this.#host.dial(peer, ended);
  }

  /** A piece of the torrent came to be there: peers are told of it. */
  got(torrent: Torrent, piece: number): void {
    this.#host.got(torrent, piece);
    this.#threads?.got(torrent, piece);
  }

  /** A piece is not there any more; who asks for it all the same is told. */
  lost(torrent: Torrent, piece: number): void {
    this.#threads?.lost(torrent, piece);
  }

  /** Block bytes of the torrent sent to peers; those of other threads are up to a second old. */
  sentBytesOf(torrent: Torrent): number {
    let sum = torrent.sentBytesOfGone + (this.#threads?.sentBytesOf(torrent) ?? 0);
    for (const { sentBytes } of this.#host.of(torrent)) sum += sentBytes;
    return sum;
  }

  /** The torrent's `download` is there: peers that come are downloaded from. */
  downloadBegan(torrent: Torrent): void {
    this.#threads?.downloadBegan(torrent);
  }

  /** The torrent is whole, or not downloaded any more. */
  downloadEnded(torrent: Torrent): void {
    this.#host.downloadEnded(torrent);
    this.#threads?.downloadEnded(torrent);
  }

  tickDownloads(nowMs: number): void {
    this.#host.tickDownloads(nowMs);
    this.#threads?.tickDownloads(nowMs);
  }

  /** The torrent is not served any more. */
  forget(torrent: Torrent): void {
    this.#threads?.forget(torrent);
  }

  /** The catalog says something else of the torrent now. */
  changed(torrent: Torrent): void {
    if (this.#threads === null) this.limiter.setTorrent(torrent);
    else this.#threads.changed(torrent);
  }

  /** What was sent so far while some limit held. */
  get limitedBytes(): number {
    return this.limiter.limitedBytes + (this.#threads?.limitedBytes ?? 0);
  }

  /** What was wanted of the gateway's upload limits since this was asked last. */
  uploadDemand(): GatewayDemand {
    return this.#threads?.demand() ?? this.limiter.demand();
  }

  /** What the gateway may use of the fleet's budgets from now on. */
  setUploadParts(parts: UploadParts): void {
    if (this.#threads === null) this.limiter.setParts(parts);
    else this.#threads.setParts(parts);
  }

  /** Takes no new peers any more. */
  leave(): void {
    this.#host.leave();
    this.#threads?.leave();
  }

  /** Answers the requests at hand and lets every peer go, after so long also the slow. */
  async drain(withinMs: number): Promise<void> {
    const deadline = delay(this.#ports.clock, withinMs);
    await Promise.all([this.#host.drain(deadline), this.#threads?.drain(withinMs)]);
  }

  async close(): Promise<void> {
    this.limiter.stop();
    await Promise.all([this.#host.close(), this.#threads?.stop()]);
  }

  /** Every thread counts all offences, so all of them refuse the same. */
  #offended(origin: string): void {
    this.#offenders.offended(origin, this.#ports.clock.nowMs());
    this.#threads?.tell({ kind: "offended", origin });
  }

  #isProbe(infoHash: InfoHash, origin: string): boolean {
    const isProbe = this.#ports.isProbe(infoHash);
    if (isProbe) {
      this.#offenders.spare(origin);
      this.#threads?.tell({ kind: "spare", origin });
    }
    return isProbe;
  }
}

function uploadOf({
  uploadBytesPerSecond,
  torrentUploadBytesPerSecond,
  peerUploadBytesPerSecond,
  uploadPromises,
}: UploadSettings): UploadSettings {
  const ofGateway = { uploadBytesPerSecond, torrentUploadBytesPerSecond };
  return { ...ofGateway, peerUploadBytesPerSecond, uploadPromises };
}

function limitsOf({ peersMax, peersPerAddressMax }: GatewayConfig): AdmissionLimits {
  return { peersMax, peersPerAddressMax };
}

/** `-SF` and the version, then chance (BEP 20). */
export function newPeerId(): PeerId {
  const [major = "0", minor = "0", patch = "0"] = VERSION.split(".");
  const client = Buffer.from(`-SF${major}${minor}${patch}0-`);
  return peerIdFromBytes(Buffer.concat([client, randomBytes(20 - client.length)]));
}
