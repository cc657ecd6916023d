import type { CancelTimer } from "@seedfleet/runtime";
import type { CloseReason } from "../peers/close-reason.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { DemandTallies } from "../upload/demand-tallies.ts";
import {
  type GatewayDemand,
  gatewayLimits,
  isTorrentLimited,
  NO_PARTS,
  type UploadParts,
  type UploadSettings,
} from "../upload/upload-limits.ts";
import type { OwnUpload } from "./own-upload.ts";
import { PeerThread, type PeerThreadPorts } from "./peer-thread.ts";
import { splitGatewayUpload, splitTorrentUpload, type UploadHolder } from "./split-upload.ts";
import type { Dialled, ToWorker, WorkerStart } from "./worker-messages.ts";

/** As often as the threads say what they want. */
const SPLIT_GATEWAY_INTERVAL_MS = 200;

/** Peers come and go slowly beside that. */
const SPLIT_TORRENTS_INTERVAL_MS = 1_000;

/** Until it is known what each thread wants. */
function partOf(upload: UploadSettings, count: number): UploadSettings {
  const { uploadBytesPerSecond: limit } = upload;
  return { ...upload, uploadBytesPerSecond: limit === null ? null : limit / count };
}

/** The threads that have a gateway's peers; none where its one thread has them itself. */
export class PeerThreads {
  readonly #threads: readonly PeerThread[];
  readonly #own: OwnUpload;
  readonly #upload: UploadSettings;
  readonly #timers: readonly CancelTimer[];
  readonly #demands = new DemandTallies();
  #parts: UploadParts = NO_PARTS;
  #isLimited = false;
  #dials = 0;

  /** Serials of connections are spread so that no two threads give the same; 0 is this thread's. */
  constructor(
    count: number,
    { own, ...ports }: PeerThreadPorts & { readonly own: OwnUpload },
    start: Omit<WorkerStart, "torrentShare">,
  ) {
    this.#threads = Array.from({ length: count }, (_, index) => {
      const peers = { ...start.peers, firstSerial: index + 1, serialStep: count + 1 };
      const cacheBytesMax = start.cacheBytesMax / count;
      const upload = partOf(start.upload, count);
      const torrentShare = 1 / count;
      return new PeerThread(ports, { ...start, peers, cacheBytesMax, upload, torrentShare });
    });
    this.#own = own;
    this.#upload = start.upload;
    this.#timers = [
      ports.clock.every(SPLIT_GATEWAY_INTERVAL_MS, () => this.#splitGateway()),
      ports.clock.every(SPLIT_TORRENTS_INTERVAL_MS, () => this.#splitTorrents()),
    ];
    ports.cache.onEvicted((piece) => {
      for (const thread of this.#threads) thread.evicted(piece);
    });
  }

  get count(): number {
    return this.#threads.length;
  }

  get sentBytes(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.sentBytes, 0);
  }

  /** What they sent so far while some limit held. */
  get limitedBytes(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.limitedBytes, 0);
  }

  async listening(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.listening));
  }

  forget(torrent: Torrent): void {
    for (const thread of this.#threads) thread.forget(torrent);
  }

  downloadBegan(torrent: Torrent): void {
    for (const thread of this.#threads) thread.downloadBegan(torrent);
  }

  downloadEnded(torrent: Torrent): void {
    for (const thread of this.#threads) thread.downloadEnded(torrent);
  }

  tickDownloads(nowMs: number): void {
    for (const thread of this.#threads) thread.tickDownloads(nowMs);
  }

  /** By peers that are there. */
  sentBytesOf(torrent: Torrent): number {
    return this.#threads.reduce((sum, thread) => sum + thread.sentBytesOf(torrent), 0);
  }

  got(torrent: Torrent, piece: number): void {
    for (const thread of this.#threads) thread.got(torrent, piece);
  }

  lost(torrent: Torrent, piece: number): void {
    for (const thread of this.#threads) thread.lost(torrent, piece);
  }

  /** The catalog says something else of the torrent now. */
  changed(torrent: Torrent): void {
    splitTorrentUpload(this.#holders, [torrent], this.#ofTorrents);
  }

  /** What was wanted of the gateway's limits since this was asked last. */
  demand(): GatewayDemand {
    return this.#demands.read();
  }

  setParts(parts: UploadParts): void {
    const changed = new Set([...this.#parts.torrents.keys(), ...parts.torrents.keys()]);
    this.#parts = parts;
    this.#splitGateway();
    splitTorrentUpload(this.#holders, changed, this.#ofTorrents);
  }

  /** In turns. Why there is no connection; null if there is one. */
  async dial(peer: Dialled): Promise<CloseReason | null> {
    this.#dials += 1;
    const thread = this.#threads[this.#dials % this.count];
    return thread === undefined ? "unreachable" : await thread.dials.dial(peer);
  }

  leave(): void {
    this.tell({ kind: "leave" });
  }

  /** Says it to each of them. */
  tell(message: ToWorker): void {
    for (const thread of this.#threads) thread.post(message);
  }

  async drain(withinMs: number): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.drain(withinMs)));
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  get #holders(): readonly UploadHolder[] {
    return this.#own.hasPeers ? [...this.#threads, this.#own] : this.#threads;
  }

  get #ofTorrents(): { readonly settings: UploadSettings; readonly parts: UploadParts } {
    return { settings: this.#upload, parts: this.#parts };
  }

  #splitGateway(): void {
    const holders = this.#holders;
    // Asked once: what was wanted since the last time is forgotten then.
    const demands = holders.map(({ demand }) => demand);
    this.#demands.add(demands);
    const limits = gatewayLimits(this.#upload, this.#parts);
    const wasLimited = this.#isLimited;
    const hasClasses = Object.keys(limits.classLimits ?? {}).length > 0;
    this.#isLimited = limits.uploadBytesPerSecond !== null || hasClasses;
    if (this.#isLimited || wasLimited) splitGatewayUpload(holders, limits, demands);
    // Whoever comes to this thread first waits for nobody, and is counted the next time.
    if (!this.#own.hasPeers) this.#own.setLimits(limits);
  }

  #splitTorrents(): void {
    const limited = this.#threads.flatMap(({ torrents }) =>
      [...torrents].filter(({ entry }) => isTorrentLimited(this.#upload, entry)),
    );
    splitTorrentUpload(this.#holders, new Set(limited), this.#ofTorrents);
  }
}
