import {
  type AnnouncedSeed,
  MIRROR_REASON_LENGTH_MAX,
  type Mirror,
  type MirrorProgress,
  type MirrorState,
} from "@seedfleet/contracts";
import { seedOf } from "@seedfleet/fleet";
import { type CancelTimer, delay } from "@seedfleet/runtime";
import type { AdoptedAnnounces } from "../announcing/announced-seed-run.ts";
import type { DownloadCounts } from "../announcing/tracker-announces.ts";
import { storeReason } from "../fills/store-code.ts";
import { RollingRate } from "../swarms/rolling-rate.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { chosenPieces } from "./chosen-pieces.ts";
import { DownloadPeers } from "./download-peers.ts";
import { findMirrored, isFinal } from "./find-mirrored.ts";
import type { DownloadedBytes, MirrorRunConfig, MirrorRunPorts } from "./mirror-run-ports.ts";
import { MirrorShare } from "./mirror-share.ts";
import type { MirrorSources } from "./mirror-sources.ts";
import { missingBytes } from "./missing-bytes.ts";
import { PieceStoring } from "./piece-storing.ts";
import { TorrentDownload } from "./torrent-download.ts";
import { downloadShape } from "./torrent-shape.ts";

const TICK_INTERVAL_MS = 500;

/** What other gateways brought is heard of at once; what was lost on the bus, so much later. */
const REFRESH_INTERVAL_MS = 30_000;

/** A store that is away, or full, is tried again after so long. */
const STORE_RETRY_MS = 5_000;

/** One gateway's part in one mirror: from the metadata over the download to the whole torrent. */
export class MirrorRun {
  #mirror: Mirror;
  readonly #ports: MirrorRunPorts;
  readonly #config: MirrorRunConfig;
  readonly #peers: DownloadPeers;
  readonly #sources: MirrorSources;
  readonly #stopping = new AbortController();
  #gateways: readonly string[];
  #share: MirrorShare | null = null;
  #cancelTick: CancelTimer | null = null;
  #refreshAtMs = 0;
  #torrent: Torrent | null = null;
  #state: MirrorState = "metadata";
  #reason: string | null = null;
  #chosen: MirrorProgress["chosen"];
  readonly #rate: RollingRate;
  /** Of the download that is over. */
  #ended: DownloadedBytes = { downloadedBytes: 0, wastedBytes: 0 };

  constructor(
    ports: MirrorRunPorts,
    config: MirrorRunConfig,
    { mirror, gateways }: { readonly mirror: Mirror; readonly gateways: readonly string[] },
  ) {
    this.#mirror = mirror;
    this.#ports = ports;
    this.#config = config;
    this.#gateways = gateways;
    this.#rate = new RollingRate(ports.clock.nowMs());
    this.#peers = new DownloadPeers(ports, mirror.infoHash);
    this.#sources = ports.openSources(mirror, {
      peersFound: (addresses) => this.#peers.add(addresses),
      wantsPeers: () => this.#peers.wantsMore,
      counts: () => this.#counts(),
      download: () => this.#torrent?.download ?? null,
    });
    void this.#run();
  }

  get mirror(): Mirror {
    return this.#mirror;
  }

  get torrent(): Torrent | null {
    return this.#torrent;
  }

  get state(): MirrorState {
    return this.#state;
  }

  /** Why it is where it is, for people. */
  get #reasonText(): string | null {
    const reason = this.#torrent?.download?.pausedBecause ?? this.#reason ?? this.#sources.reason;
    return reason === null ? null : reason.slice(0, MIRROR_REASON_LENGTH_MAX);
  }

  get downloaded(): DownloadedBytes {
    return this.#torrent?.download ?? this.#ended;
  }

  progress(): MirrorProgress {
    const torrent = this.#torrent;
    const download = torrent?.download ?? null;
    const { downloadedBytes, wastedBytes } = this.downloaded;
    return {
      gateway: this.#config.gateway,
      state: this.#state,
      reason: this.#reasonText,
      name: torrent?.metainfo.name ?? this.mirror.name,
      pieceCount: torrent?.metainfo.pieceCount ?? null,
      pieceLengthBytes: torrent?.metainfo.pieceLengthBytes ?? null,
      havePieces: torrent?.have.count ?? 0,
      chosen: download?.chosen ?? this.#chosen,
      ...{ downloadedBytes, wastedBytes },
      uploadedBytes: torrent === null ? 0 : this.#ports.peers.sentBytesOf(torrent),
      bytesPerSecond: Math.max(0, this.#rate.sample(downloadedBytes, this.#ports.clock.nowMs())),
      peers: download?.sourceCount ?? 0,
      seeds: download?.seedCount ?? 0,
    };
  }

  /** The record may say more, and others may take part: what is rather whose is shared out anew. */
  renew(mirror: Mirror, gateways: readonly string[]): void {
    if (mirror !== this.#mirror) {
      this.#mirror = mirror;
      this.#sources.renew(mirror);
    }
    if (gateways.join() === this.#gateways.join()) return;
    this.#gateways = gateways;
    this.#shareOut();
  }

  /** A piece is there; the torrent's bitfield has it already. */
  verified(piece: number): void {
    this.#share?.verified(piece);
    this.#torrent?.download?.verified(piece);
    this.#look();
  }

  /** How it is announced from now on; null until it is whole, and where nobody is to be told. */
  get seed(): AnnouncedSeed | null {
    if (this.#state !== "complete" || this.#torrent === null) return null;
    return seedOf(this.mirror, this.#torrent.metainfo, this.#ports.clock.nowMs());
  }

  /** Ends, but for its announces, which go on. */
  handOver(): AdoptedAnnounces {
    this.#stopping.abort();
    this.#end();
    const announces = this.#sources.handOver();
    return { announces, downloadedBytes: this.downloaded.downloadedBytes };
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping.abort();
    this.#end();
    await this.#sources.stop(withinMs);
  }

  async #run(): Promise<void> {
    const { log } = this.#ports;
    const { infoHash } = this.mirror;
    while (!this.#isStopped) {
      try {
        if (await this.#begin()) return;
      } catch (error) {
        const reason = storeReason(error);
        this.#state = isFinal(error) ? "failed" : "paused";
        // It is tried every few seconds, and said once.
        if (reason !== this.#reason) log.warn("mirror cannot go on", { infoHash, reason });
        this.#reason = reason;
        if (isFinal(error)) return;
      }
      await delay(this.#ports.clock, STORE_RETRY_MS);
    }
  }

  /** True once there is nothing more to wait for. */
  async #begin(): Promise<boolean> {
    this.#sources.start();
    const torrent = await findMirrored(this.#ports, {
      mirror: () => this.#mirror,
      sources: this.#sources,
      signal: this.#stopping.signal,
      seeking: () => {
        this.#state = "metadata";
      },
    });
    if (torrent !== null && !this.#isStopped) this.#open(torrent);
    return true;
  }

  #open(torrent: Torrent): void {
    const { clock, chance, peers, swarms } = this.#ports;
    this.#torrent = torrent;
    this.#reason = null;
    if (torrent.have.isFull) return this.#complete();
    const { metainfo } = torrent;
    const { choice } = this.mirror;
    const storing = new PieceStoring(this.#ports, {
      ...{ torrent, holder: this.mirror.holder },
      stalled: (isStalled) => {
        this.#state = isStalled ? "paused" : "downloading";
      },
    });
    torrent.download = new TorrentDownload(
      {
        ...{ shape: downloadShape(metainfo), have: torrent.have },
        chosen: choice === undefined ? null : chosenPieces(metainfo, choice),
        order: choice?.sequential ? "sequential" : "rarest",
        memory: this.#ports.memory,
        store: (piece, bytes) => storing.store(piece, bytes),
        peersFound: (addresses) => this.#peers.add(addresses),
        othersWait: () => this.#peers.othersWait,
      },
      chance,
    );
    this.#state = "downloading";
    this.#shareOut();
    if (this.#look()) return;
    swarms.downloadChanged(torrent);
    peers.downloadBegan(torrent);
    this.#sources.downloadBegan(torrent.metainfo, torrent.download);
    this.#cancelTick = clock.every(TICK_INTERVAL_MS, () => this.#tick());
    this.#refreshAtMs = clock.nowMs() + REFRESH_INTERVAL_MS;
    this.#sources.seek(torrent.metainfo.private);
    this.#peers.start();
  }

  #shareOut(): void {
    const download = this.#torrent?.download;
    if (!download) return;
    this.#share?.end();
    const by = { infoHash: this.mirror.infoHash, gateway: this.#config.gateway };
    this.#share = MirrorShare.of(this.#ports, download, { ...by, gateways: this.#gateways });
  }

  #tick(): void {
    const nowMs = this.#ports.clock.nowMs();
    this.#peers.dial();
    if (nowMs < this.#refreshAtMs || this.#torrent === null) return;
    this.#refreshAtMs = nowMs + REFRESH_INTERVAL_MS;
    void this.#ports.torrents.refresh(this.#torrent);
  }

  /** Whether there is nothing more to download: all is there, or all of what was chosen. */
  #look(): boolean {
    const { download = null, have = null } = this.#torrent ?? {};
    if (have?.isFull) this.#complete();
    else if (download?.wantedPieces === 0) this.#partial(download);
    else return false;
    return true;
  }

  /** It stays so until more is chosen, or it is cancelled. */
  #partial({ chosen }: TorrentDownload): void {
    const { infoHash } = this.mirror;
    this.#state = "partial";
    this.#chosen = chosen ?? undefined;
    this.#reason = chosen?.pieces === 0 ? "no file of the torrent was chosen" : null;
    this.#ports.log.info("mirror partial", { infoHash, name: this.progress().name });
    this.#end();
  }

  #complete(): void {
    if (this.#state === "complete") return;
    const { infoHash } = this.mirror;
    this.#state = "complete";
    this.#reason = null;
    this.#ports.log.info("mirror complete", { infoHash, name: this.progress().name });
    this.#sources.completed();
    this.#end();
  }

  #end(): void {
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#share?.end();
    this.#share = null;
    this.#peers.stop();
    this.#sources.downloadEnded();
    const torrent = this.#torrent;
    if (torrent === null || torrent.download === null) return;
    const { downloadedBytes, wastedBytes } = torrent.download;
    this.#ended = { downloadedBytes, wastedBytes };
    torrent.download.end();
    torrent.download = null;
    this.#ports.peers.downloadEnded(torrent);
    this.#ports.swarms.downloadChanged(torrent);
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  #counts(): DownloadCounts {
    const torrent = this.#torrent;
    return {
      uploadedBytes: torrent === null ? 0 : this.#ports.peers.sentBytesOf(torrent),
      downloadedBytes: this.downloaded.downloadedBytes,
      leftBytes: torrent === null ? null : missingBytes(torrent),
      isPartial: this.#state === "partial",
    };
  }
}
