import { Worker } from "node:worker_threads";
import type { InfoHash } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import type { GatewayLimits } from "@seedfleet/egress";
import type { Clock } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import type { CachedPiece } from "../blocks/cached-piece.ts";
import type { PieceCache } from "../blocks/piece-cache.ts";
import type { FillOutcome, PieceSource } from "../fills/piece-source.ts";
import type { CloseReason } from "../peers/close-reason.ts";
import type { PeerCame } from "../peers/peer-host.ts";
import type { SwarmSide } from "../swarms/swarms.ts";
import type { Torrent } from "../torrents/torrent.ts";
import { type GatewayDemand, NO_DEMAND, type TorrentPart } from "../upload/upload-limits.ts";
import { BatchedPort } from "./batched-port.ts";
import { LentPieces } from "./lent-pieces.ts";
import type { UploadHolder } from "./split-upload.ts";
import type { TellTorrent } from "./tell-torrent.ts";
import { ThreadDials } from "./thread-dials.ts";
import { ThreadMembers } from "./thread-members.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

export type PeerThreadPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly cache: PieceCache;
  readonly fills: PieceSource;
  readonly swarms: SwarmSide;
  readonly tellTorrent: TellTorrent;
  readonly findObfuscated: (hash: Uint8Array) => Promise<InfoHash | null>;
  readonly isProbe: (infoHash: InfoHash, origin: string) => boolean;
  readonly offended: (origin: string) => void;
  readonly came: (peer: PeerCame) => void;
  readonly closed: (reason: CloseReason) => void;
};

/** Cleared when the thread's peers want the piece no more; then nobody is told of it. */
type Want = { waits: boolean };

/**
 * One thread that has peers, as the thread sees it that knows the fleet: answers what it asks for,
 * lends it pieces of the cache, and keeps its peers in their swarms.
 */
export class PeerThread implements UploadHolder {
  readonly dials: ThreadDials;
  readonly #ports: PeerThreadPorts;
  readonly #worker: Worker;
  readonly #port: BatchedPort<ToWorker>;
  /** Those it knows, by the number they are called by. */
  readonly #torrents = new Map<number, Torrent>();
  readonly #members: ThreadMembers;
  readonly #lent: LentPieces;
  /** What it wants and has not been answered, by the number of its call. */
  readonly #wants = new Map<number, Want>();
  readonly #told = {
    listening: Promise.withResolvers<void>(),
    drained: Promise.withResolvers<void>(),
    stopped: Promise.withResolvers<void>(),
  };
  /** Of the gateway's upload limits, as the thread said last. */
  demand: GatewayDemand = { gateway: NO_DEMAND, classes: new Map(), torrents: new Map() };
  /** What it sent so far while some limit held. */
  limitedBytes = 0;
  #answered: ReadonlySet<PeerKey> = new Set();
  #sentBytes = 0;

  constructor(ports: PeerThreadPorts, start: WorkerStart) {
    this.#ports = ports;
    this.#lent = new LentPieces(ports.cache);
    const main = new URL("worker-main.ts", import.meta.url);
    // Without this process's own flags: what is for a `node -e` would not do for a file.
    this.#worker = new Worker(main, { workerData: start, execArgv: [] });
    this.#port = new BatchedPort(this.#worker);
    this.dials = new ThreadDials(this.#port);
    this.#members = new ThreadMembers({ ...ports, port: this.#port });
    this.#worker.on("message", (messages: readonly FromWorker[]) => {
      for (const message of messages) this.#receive(message);
    });
    // An error of ours, as in this thread: the process ends and is started again.
    this.#worker.on("error", (error) => {
      setImmediate(() => {
        throw error;
      });
    });
  }

  get listening(): Promise<void> {
    return this.#told.listening.promise;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** How many peers of each torrent it has that may download, or are sent something else. */
  countServed(): ReadonlyMap<Torrent, number> {
    return this.#members.countServed(this.#answered);
  }

  get torrents(): Iterable<Torrent> {
    return this.#torrents.values();
  }

  setLimits(limits: GatewayLimits): void {
    this.post({ kind: "upload-limits", limits });
  }

  setTorrent({ shelf, entry }: Torrent, part: TorrentPart): void {
    this.post({ kind: "torrent-limits", torrent: shelf.serial, entry, part });
  }

  post(message: ToWorker): void {
    this.#port.post(message);
  }

  /** Resolves when it has let all its peers go. */
  drain(withinMs: number): Promise<void> {
    this.post({ kind: "drain", withinMs });
    return this.#told.drained.promise;
  }

  /** Ends the thread; its peers get our last words first. */
  async stop(): Promise<void> {
    this.post({ kind: "stop" });
    await this.#told.stopped.promise;
    await this.#worker.terminate();
  }

  /** The cache has forgotten a piece, which this thread may have. */
  evicted(piece: CachedPiece): void {
    const lease = this.#lent.leaseOf(piece);
    if (lease !== null) this.post({ kind: "evicted", lease });
  }

  got({ shelf }: Torrent, piece: number): void {
    if (!this.#torrents.has(shelf.serial)) return;
    this.post({ kind: "got", torrent: shelf.serial, piece });
  }

  lost({ shelf }: Torrent, piece: number): void {
    if (this.#torrents.has(shelf.serial)) this.post({ kind: "lost", torrent: shelf.serial, piece });
  }

  downloadBegan({ shelf }: Torrent): void {
    if (!this.#torrents.has(shelf.serial)) return;
    this.post({ kind: "download-began", torrent: shelf.serial });
  }

  downloadEnded(torrent: Torrent): void {
    const number = torrent.shelf.serial;
    if (!this.#torrents.has(number)) return;
    this.#members.downloadEnded(torrent);
    this.post({ kind: "download-ended", torrent: number });
  }

  tickDownloads(nowMs: number): void {
    this.#members.tickDownloads(nowMs);
  }

  /** By peers that are there. */
  sentBytesOf(torrent: Torrent): number {
    return this.#members.sentBytesOf(torrent);
  }

  forget({ shelf }: Torrent): void {
    if (this.#torrents.delete(shelf.serial)) this.post({ kind: "forget", torrent: shelf.serial });
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case "listening":
      case "drained":
      case "stopped":
        return this.#told[message.kind].resolve();
      case "find":
        return void this.#find(message.call, message.infoHash);
      case "find-obfuscated":
        return void this.#findObfuscated(message.call, message.hash);
      case "want":
        return this.#want(message);
      case "unwant":
        return this.#unwant(message.call);
      case "prefetch":
        return this.#prefetch(message.torrent, message.piece);
      case "give-back":
        return this.#lent.giveBack(message.lease);
      case "joined":
        return this.#members.joined(this.#torrents.get(message.torrent) ?? null, message);
      case "interest":
      case "introduced":
      case "had":
      case "source":
      case "left":
        return this.#members.receive(message);
      case "peers-found":
        return this.#torrents.get(message.torrent)?.download?.peersFound(message.addresses);
      case "closed":
        return this.#ports.closed(message.reason);
      case "came":
        return this.#ports.came(message.peer);
      case "dialled":
        return this.dials.dialled(message.call, message.reason);
      case "probed":
        return void this.#ports.isProbe(message.infoHash, message.origin);
      case "offended":
        return this.#ports.offended(message.origin);
      case "sent":
        return this.#sent(message);
      case "answered":
        this.#answered = new Set(message.peers);
        return;
      case "demand":
        return this.#demanded(message);
      case "log":
        return this.#ports.log[message.level](message.message, message.fields);
    }
  }

  async #find(call: number, infoHash: InfoHash): Promise<void> {
    const found = await this.#ports.tellTorrent(infoHash, this.#torrents);
    // It is asked now: what was said of it before the thread knows it is lost.
    const torrent = "torrent" in found ? this.#torrents.get(found.torrent) : undefined;
    const downloading = torrent?.isDownloading ?? false;
    this.post({
      kind: "found",
      call,
      found: "torrent" in found ? { ...found, downloading } : found,
    });
  }

  async #findObfuscated(call: number, hash: Uint8Array): Promise<void> {
    const infoHash = await this.#ports.findObfuscated(hash);
    this.post({ kind: "found-obfuscated", call, infoHash });
  }

  #want({ call, torrent: number, piece, traceId }: FromWorker & { readonly kind: "want" }): void {
    const torrent = this.#torrents.get(number);
    if (torrent === undefined) return this.#lack(number, piece, "gave-up");
    if (!torrent.have.has(piece)) return this.#lack(number, piece, "gone");
    const cached = this.#ports.cache.get(torrent.shelf, piece);
    if (cached !== null) return this.#lend(number, cached);
    const want = { waits: true };
    this.#wants.set(call, want);
    const tell = (outcome: FillOutcome): void => {
      if (!want.waits) return;
      const filled = this.#ports.cache.get(torrent.shelf, piece);
      if (outcome === "filled" && filled === null) return bring();
      this.#wants.delete(call);
      if (filled !== null) this.#lend(number, filled);
      else this.#lack(number, piece, outcome === "filled" ? "gave-up" : outcome);
    };
    // A piece may be forgotten before it is told of, where the cache has room for a few only.
    const bring = (): void => {
      const waiter = { waits: () => want.waits, tell };
      this.#ports.fills.want(torrent, piece, { traceId, waiter });
    };
    bring();
  }

  #unwant(call: number): void {
    const want = this.#wants.get(call);
    if (want !== undefined) want.waits = false;
    this.#wants.delete(call);
  }

  #prefetch(number: number, piece: number): void {
    const torrent = this.#torrents.get(number);
    if (torrent === undefined || this.#ports.cache.get(torrent.shelf, piece) !== null) return;
    this.#ports.fills.prefetch(torrent, piece);
  }

  #lend(torrent: number, cached: CachedPiece): void {
    const { piece, framed, slot } = cached;
    const lease = this.#lent.lend(cached);
    this.post({ kind: "piece", torrent, piece, lease, framed, slot });
  }

  #lack(torrent: number, piece: number, outcome: Exclude<FillOutcome, "filled">): void {
    this.post({ kind: "no-piece", torrent, piece, outcome });
  }

  #demanded(message: FromWorker & { readonly kind: "demand" }): void {
    const { demand, torrents: byNumber } = message;
    this.limitedBytes = message.limitedBytes;
    const torrents = byNumber.flatMap(([number, wanted]) => {
      const torrent = this.#torrents.get(number);
      return torrent === undefined ? [] : [[torrent, wanted] as const];
    });
    this.demand = { ...demand, torrents: new Map(torrents) };
  }

  #sent({ sentBytes, peers }: FromWorker & { readonly kind: "sent" }): void {
    this.#sentBytes = sentBytes;
    this.#members.progressed(peers);
  }
}
