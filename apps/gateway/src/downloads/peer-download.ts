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
import type { BlockSource } from "./block-source.ts";
import type { DownloadFromPeer, DownloadViolation, SaidPieces } from "./download-from-peer.ts";
import { DownloadRate } from "./download-rate.ts";
import { RequestRest } from "./request-rest.ts";
import type { ReceivedBlock, TorrentDownload } from "./torrent-download.ts";

/** So long who chokes us may say of each request what becomes of it (BEP 6). */
const CHOKED_MS_MAX = 10_000;

/** Who was gone to and gives nothing for so long leaves, where others wait: it may only stall. */
export const DOWNLOAD_USELESS_MS_MAX = 120_000;

/** Pieces that a peer may let us ask for while it chokes us (BEP 6). */
export const ALLOWED_FAST_TAKEN_MAX = 32;

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
  /** Leaves the peer, so that another may be gone to; null of one that came by itself. */
  readonly makeRoom: (() => void) | null;
};

const UNASKED: DownloadViolation = { kind: "violation", code: "blocks-unasked" };

/**
 * What we download from one peer: whether it lets us, what it is asked for and how fast it sends.
 * Sans-IO: told of its messages by its session.
 */
export class PeerDownload implements BlockSource, DownloadFromPeer {
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
  readonly #rest = new RequestRest();
  /** Blocks it is not asked for any more, and may have sent before it knew. */
  #late = 0;
  /** Pieces that it sends although it chokes us. */
  readonly #allowed = new Set<number>();
  readonly #joinedAtMs: number;
  #unasked = 0;
  #ended = false;

  constructor(download: TorrentDownload, ports: PeerDownloadPorts) {
    this.#download = download;
    this.#ports = ports;
    this.#peer = download.join(this);
    this.#joinedAtMs = ports.nowMs();
    this.#rate = new DownloadRate(this.#joinedAtMs);
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

  get isAwaiting(): boolean {
    return this.#peer.asked.size > 0;
  }

  get wasOfUse(): boolean {
    return this.#blockAtMs !== null;
  }

  /** Block bytes that it sent. */
  get receivedBytes(): number {
    return this.#rate.totalBytes;
  }

  has(message: PeerMessage, pieces: SaidPieces): void {
    if (message.kind === "have") this.#download.have(this.#peer, message.piece);
    else this.#setPieces(pieces);
    this.#consider();
  }

  lost(piece: number): void {
    this.#download.lost(this.#peer, piece);
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
      case "allowed-fast":
        this.#allow(message.piece);
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

  tick(nowMs: number): void {
    if (this.#ended) return;
    const { makeRoom } = this.#ports;
    const isUseless = nowMs - (this.#blockAtMs ?? this.#joinedAtMs) >= DOWNLOAD_USELESS_MS_MAX;
    if (isUseless && makeRoom !== null && this.#download.othersWait) return makeRoom();
    this.#rate.tick(nowMs);
    const progress = this.#progress();
    this.#peer.isSlow = isSlow(progress, nowMs);
    if (this.#peerChoking) {
      if (nowMs - this.#chokedAtMs >= CHOKED_MS_MAX) this.#giveUpAll(this.#allowed);
    }
    if (isTimedOut(progress, nowMs)) {
      this.#rest.refused(nowMs);
      this.#giveUpAll();
    }
    this.#consider();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#download.leave(this.#peer);
    if (this.#amInterested) this.#ports.send(NOT_INTERESTED);
    this.#amInterested = false;
  }

  #setPieces(pieces: SaidPieces): void {
    const { pieceCount } = this.#download.shape;
    const bits = pieces.isFull
      ? Bitfield.full(pieceCount)
      : (Bitfield.parse(pieces.toBytes(), pieceCount) ?? Bitfield.empty(pieceCount));
    this.#download.setPieces(this.#peer, bits);
  }

  /** Who speaks BEP 6 rejects or still sends what it was asked for, each block of it. */
  #choked(): void {
    if (!this.#peerChoking) {
      this.#chokedAtMs = this.#ports.nowMs();
      if (this.#peer.asked.size > 0) this.#rest.chokedInVain(this.#chokedAtMs);
    }
    this.#peerChoking = true;
    this.#unchokedUsAtMs = null;
    this.#queueLength = 0;
    if (!this.#ports.fast) this.#giveUpAll();
  }

  #giveUpAll(but: ReadonlySet<number> = NOT_ALLOWED): void {
    const { size } = this.#peer.asked;
    this.#download.giveUpAll(this.#peer, (piece) => but.has(piece));
    this.#late += size - this.#peer.asked.size;
  }

  #allow(piece: number): void {
    const isPiece = piece < this.#download.shape.pieceCount;
    if (isPiece && this.#allowed.size < ALLOWED_FAST_TAKEN_MAX) this.#allowed.add(piece);
    this.#consider();
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
    // Each piece is allowed so often and no more.
    if (this.#peerChoking) this.#allowed.delete(piece);
    else this.#rest.refused(this.#ports.nowMs());
    this.#download.wake();
  }

  #block(block: ReceivedBlock): DownloadViolation | null {
    const nowMs = this.#ports.nowMs();
    this.#rate.received(block.data.length);
    if (this.#download.receive(this.#peer, block)) {
      this.#blockAtMs = nowMs;
      this.#rest.gaveBlock();
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
    const mayAsk = !this.#peerChoking || this.#allowed.size > 0;
    if (!mayAsk || !this.#amInterested || this.#ended) return;
    const nowMs = this.#ports.nowMs();
    if (this.#rest.isResting(nowMs)) return;
    const asked = this.#peer.asked.size;
    this.#queueLength = queueLength(this.#progress(), nowMs);
    // Many small sends cost more than a queue that is filled a little later.
    const room = this.#queueLength - asked;
    if (room <= 0 || (asked > room && room < this.#queueLength / 4)) return;
    const blocks = this.#peerChoking
      ? this.#download.askOf(this.#peer, this.#allowed, room)
      : this.#download.ask(this.#peer, room);
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
const NOT_ALLOWED: ReadonlySet<number> = new Set();
