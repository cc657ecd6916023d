import { Bitfield } from "@seedfleet/bitfield";
import {
  type Block,
  type DownloadProgress,
  isSlow,
  isTimedOut,
  type PickerPeer,
  queueLength,
} from "@seedfleet/picker";
import { encodeMessage, type PeerMessage } from "@seedfleet/wire";
import type { PeerPieces } from "../peers/peer-pieces.ts";
import { DownloadRate } from "./download-rate.ts";
import type { BlockSource, ReceivedBlock, TorrentDownload } from "./torrent-download.ts";

/** After a request that it refused a peer is left alone for so long, and longer each time. */
const REFUSED_REST_MS = 1_000;
const REFUSED_REST_MS_MAX = 60_000;

/** So long who chokes us may say of each request what becomes of it (BEP 6). */
const CHOKED_MS_MAX = 10_000;

/** Blocks nobody asked for that a peer may send, besides those that a cancel crossed. */
export const UNASKED_BLOCKS_MAX = 1_024;

const INTERESTED = encodeMessage({ kind: "interested" });
const NOT_INTERESTED = encodeMessage({ kind: "not-interested" });

export type PeerDownloadPorts = {
  readonly send: (message: Uint8Array) => void;
  readonly nowMs: () => number;
  /** Whether both sides speak the fast extension (BEP 6). */
  readonly fast: boolean;
  /** It sent what is not the torrent's, for certain. */
  readonly ban: () => void;
};

export type DownloadViolation = { readonly kind: "violation"; readonly code: "blocks-unasked" };

const UNASKED: DownloadViolation = { kind: "violation", code: "blocks-unasked" };

/**
 * What we download from one peer: whether it lets us, what it is asked for and how fast it sends.
 * Sans-IO: told of its messages by its session.
 */
export class PeerDownload implements BlockSource {
  readonly #download: TorrentDownload;
  readonly #ports: PeerDownloadPorts;
  readonly #peer: PickerPeer;
  readonly #rate: DownloadRate;
  #peerChoking = true;
  #amInterested = false;
  #chokedAtMs = 0;
  #unchokedUsAtMs: number | null = null;
  #blockAtMs: number | null = null;
  #queueLength = 0;
  #restUntilMs = 0;
  #refusedInARow = 0;
  /** Blocks it is not asked for any more, and may have sent before it knew. */
  #late = 0;
  #unasked = 0;
  #ended = false;

  constructor(download: TorrentDownload, ports: PeerDownloadPorts) {
    this.#download = download;
    this.#ports = ports;
    this.#peer = download.join(this);
    this.#rate = new DownloadRate(ports.nowMs());
  }

  /** Of a peer of a torrent that is downloaded here; null of any other. */
  static of(download: TorrentDownload | null, ports: PeerDownloadPorts): PeerDownload | null {
    return download === null ? null : new PeerDownload(download, ports);
  }

  get amInterested(): boolean {
    return this.#amInterested;
  }

  /** Since when it lets us download; null while it chokes us. */
  get unchokedUsAtMs(): number | null {
    return this.#unchokedUsAtMs;
  }

  /** When its last block came; null if never. */
  get blockAtMs(): number | null {
    return this.#blockAtMs;
  }

  /** Block bytes that it sent. */
  get receivedBytes(): number {
    return this.#rate.totalBytes;
  }

  /** What the peer said that it has. */
  has(message: PeerMessage, pieces: PeerPieces): void {
    if (message.kind === "have") this.#download.have(this.#peer, message.piece);
    else this.#setPieces(pieces);
    this.#consider();
  }

  /** The peer lost a piece (BEP 54). */
  lost(pieces: PeerPieces): void {
    this.#setPieces(pieces);
    this.#consider();
  }

  receive(message: PeerMessage): DownloadViolation | null {
    switch (message.kind) {
      case "choke":
        this.#choked();
        return null;
      case "unchoke":
        this.#unchoked();
        return null;
      case "reject-request":
        this.#refused(message);
        return null;
      case "piece":
        return this.#block(message);
      default:
        return null;
    }
  }

  cancel({ piece, begin, length }: Block): void {
    this.#late += 1;
    this.#ports.send(encodeMessage({ kind: "cancel", piece, begin, length }));
  }

  wake(): void {
    if (this.#ended) return;
    this.#consider();
  }

  ban(): void {
    this.#ports.ban();
  }

  /** Asks others for what it does not send; to be called about once a second. */
  tick(nowMs: number): void {
    if (this.#ended) return;
    this.#rate.tick(nowMs);
    const progress = this.#progress();
    this.#peer.isSlow = isSlow(progress, nowMs);
    if (this.#peerChoking) {
      if (nowMs - this.#chokedAtMs >= CHOKED_MS_MAX) this.#giveUpAll();
    } else if (isTimedOut(progress, nowMs)) {
      this.#rest(nowMs);
      this.#giveUpAll();
    }
    this.#consider();
  }

  /** The connection is gone, or the download is. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#download.leave(this.#peer);
    if (this.#amInterested) this.#ports.send(NOT_INTERESTED);
    this.#amInterested = false;
  }

  #setPieces(pieces: PeerPieces): void {
    const { pieceCount } = this.#download.shape;
    const bits = pieces.isFull
      ? Bitfield.full(pieceCount)
      : (Bitfield.parse(pieces.toBytes(), pieceCount) ?? Bitfield.empty(pieceCount));
    this.#download.setPieces(this.#peer, bits);
  }

  /** Who speaks BEP 6 rejects or still sends what it was asked for, each block of it. */
  #choked(): void {
    if (!this.#peerChoking) this.#chokedAtMs = this.#ports.nowMs();
    this.#peerChoking = true;
    this.#unchokedUsAtMs = null;
    this.#queueLength = 0;
    if (!this.#ports.fast) this.#giveUpAll();
  }

  #giveUpAll(): void {
    this.#late += this.#peer.asked.size;
    this.#download.giveUpAll(this.#peer);
  }

  #unchoked(): void {
    if (!this.#peerChoking) return;
    this.#peerChoking = false;
    this.#unchokedUsAtMs = this.#ports.nowMs();
    this.#rate.begin(this.#unchokedUsAtMs);
    this.#request();
  }

  #refused(block: Block): void {
    const { piece, begin, length } = block;
    // Of what was cancelled it says so too (BEP 6), which is no refusal.
    if (!this.#download.giveUp(this.#peer, { piece, begin, length })) {
      this.#late = Math.max(0, this.#late - 1);
      return;
    }
    if (!this.#peerChoking) this.#rest(this.#ports.nowMs());
    this.#download.wake();
  }

  /** It is unchoked by who refuses what it is asked for: asking on would go round in circles. */
  #rest(nowMs: number): void {
    // All that were under way may be refused at once.
    if (nowMs < this.#restUntilMs) return;
    this.#refusedInARow += 1;
    const restMs = REFUSED_REST_MS * 2 ** Math.min(10, this.#refusedInARow - 1);
    this.#restUntilMs = nowMs + Math.min(REFUSED_REST_MS_MAX, restMs);
  }

  #block(block: ReceivedBlock): DownloadViolation | null {
    const nowMs = this.#ports.nowMs();
    this.#rate.received(block.data.length);
    if (this.#download.receive(this.#peer, block)) {
      this.#blockAtMs = nowMs;
      this.#refusedInARow = 0;
    } else if (this.#late > 0) this.#late -= 1;
    else {
      this.#unasked += 1;
      if (this.#unasked > UNASKED_BLOCKS_MAX) return UNASKED;
    }
    this.#request();
    return null;
  }

  #consider(): void {
    const isInteresting = this.#download.isInteresting(this.#peer);
    if (isInteresting !== this.#amInterested) {
      this.#amInterested = isInteresting;
      this.#ports.send(isInteresting ? INTERESTED : NOT_INTERESTED);
    }
    this.#request();
  }

  #request(): void {
    if (this.#peerChoking || !this.#amInterested || this.#ended) return;
    const nowMs = this.#ports.nowMs();
    if (nowMs < this.#restUntilMs) return;
    const asked = this.#peer.asked.size;
    this.#queueLength = queueLength(this.#progress(), nowMs);
    // Many small sends cost more than a queue that is filled a little later.
    const room = this.#queueLength - asked;
    if (room <= 0 || (asked > room && room < this.#queueLength / 4)) return;
    const blocks = this.#download.ask(this.#peer, room);
    if (blocks.length === 0) return;
    if (asked === 0) this.#rate.begin(nowMs);
    const messages = blocks.map((block) => encodeMessage({ kind: "request", ...block }));
    this.#ports.send(messages.length === 1 ? (messages[0] ?? NOTHING) : Buffer.concat(messages));
  }

  #progress(): DownloadProgress {
    const { bytesPerSecond, isStarting, begunAtMs } = this.#rate;
    return {
      ...{ bytesPerSecond, isStarting, queueLength: this.#queueLength },
      heardAtMs: Math.max(begunAtMs, this.#blockAtMs ?? begunAtMs),
      outstanding: this.#peer.asked.size,
    };
  }
}

const NOTHING = new Uint8Array(0);
