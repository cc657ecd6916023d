import { Bitfield } from "@seedfleet/bitfield";
import { copyBytes } from "@seedfleet/bytes";
import { pieceLengthAt } from "@seedfleet/metainfo";
import {
  type BegunPiece,
  type Block,
  type Chance,
  type PickerPeer,
  PiecePicker,
  PRIORITY_MAX,
  type TorrentShape,
} from "@seedfleet/picker";
import type { PexAddress } from "@seedfleet/wire";
import type { BlockSource } from "./block-source.ts";
import type { ChosenPieces } from "./chosen-pieces.ts";
import type { DownloadMemory } from "./download-memory.ts";

export type TorrentDownloadOptions = {
  readonly shape: TorrentShape;
  /** The pieces that are there. */
  readonly have: Bitfield;
  /** What begun pieces are in; one of any length is always begun. */
  readonly memory: DownloadMemory;
  /**
   * A whole piece is to be verified and stored; `verified` or `failed` answer, and `recycle` where
   * nobody needs the bytes any more.
   */
  readonly store: (piece: number, bytes: Uint8Array) => void;
  /** A peer named others (BEP 11). */
  readonly peersFound: (addresses: readonly PexAddress[]) => void;
  /** Null where every piece is wanted, and none before the others. */
  readonly chosen?: ChosenPieces | null;
  readonly order?: "rarest" | "sequential";
  /** Whether other peers could be gone to, had not these their places. */
  readonly othersWait: () => boolean;
};

/** A block as it came. */
export type ReceivedBlock = {
  readonly piece: number;
  readonly begin: number;
  /** May be a view of what was received, and is copied. */
  readonly data: Uint8Array;
};

/** How much a piece of ours is wanted, and one that another gateway is rather for. */
export const OWN_PRIORITY = 5;
export const OTHERS_PRIORITY = 3;

/** As much more what somebody wants first: others' of it come before ours of the rest. */
const FIRST_PRIORITY = 3;

/**
 * One torrent's download: what to ask which source for, and the bytes of pieces that are not whole
 * yet or not verified. Sans-IO. While it is paused nothing is asked for.
 */
export class TorrentDownload {
  readonly #options: TorrentDownloadOptions;
  readonly #picker: PiecePicker;
  readonly #sources = new Map<PickerPeer, BlockSource>();
  readonly #pieces = new Map<number, PieceBytes>();
  /** Whole ones that wait for their verdict. */
  readonly #storing = new Set<number>();
  #pausedBecause: string | null = null;
  /** Block bytes that came, and those among them that were of no use. */
  downloadedBytes = 0;
  wastedBytes = 0;

  constructor(options: TorrentDownloadOptions, chance: Chance) {
    const { have, memory, shape } = options;
    this.#options = options;
    const there =
      Bitfield.parse(have.toBytes(), have.pieceCount) ?? Bitfield.empty(have.pieceCount);
    // Without one of its own a download would wait for others that may never end.
    const mayBegin = (begun: number): boolean => {
      return begun === 0 || memory.hasRoom(shape.pieceLengthBytes);
    };
    const { chosen = null, order = "rarest" } = options;
    this.#picker = new PiecePicker({ shape, there, order, mayBegin }, chance);
    memory.join(this);
    if (chosen !== null) this.prefer(() => true);
  }

  /** What its begun pieces take in memory. */
  get begunBytes(): number {
    return this.#picker.begun * this.#options.shape.pieceLengthBytes;
  }

  /** It is over: others may have its memory. */
  end(): void {
    this.#options.memory.leave(this);
  }

  get peersFound(): TorrentDownloadOptions["peersFound"] {
    return this.#options.peersFound;
  }

  /** Whether other peers could be gone to, had not these their places. */
  get othersWait(): boolean {
    return this.#options.othersWait();
  }

  get shape(): TorrentShape {
    return this.#options.shape;
  }

  get wantedPieces(): number {
    return this.#picker.wanted;
  }

  /** Of what was chosen; null where all of it is wanted. */
  get chosen(): { readonly pieces: number; readonly missing: number } | null {
    const { chosen = null } = this.#options;
    if (chosen === null || chosen.wanted.isFull) return null;
    return { pieces: chosen.wanted.count, missing: this.#picker.wanted };
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  /** Sources that have every piece. */
  get seedCount(): number {
    return this.#picker.seeds;
  }

  /** Why nothing is asked for; null while it is. */
  get pausedBecause(): string | null {
    return this.#pausedBecause;
  }

  /** Whether a piece is whole and its verdict is waited for. */
  isStoring(piece: number): boolean {
    return this.#storing.has(piece);
  }

  join(source: BlockSource): PickerPeer {
    const peer = this.#picker.join();
    this.#sources.set(peer, source);
    return peer;
  }

  leave(peer: PickerPeer): void {
    this.#sources.delete(peer);
    const wasAsked = peer.asked.size > 0;
    this.#picker.leave(peer);
    if (wasAsked) this.wake();
  }

  have(peer: PickerPeer, piece: number): void {
    this.#picker.have(peer, piece);
  }

  lost(peer: PickerPeer, piece: number): void {
    this.#picker.lost(peer, piece);
  }

  setPieces(peer: PickerPeer, pieces: Bitfield): void {
    this.#picker.setPieces(peer, pieces);
  }

  isInteresting(peer: PickerPeer): boolean {
    return this.#picker.isInteresting(peer);
  }

  /** Which pieces are rather this gateway's to fetch; the others are fetched after them. */
  prefer(isOwn: (piece: number) => boolean): void {
    const { chosen = null, shape } = this.#options;
    for (let piece = 0; piece < shape.pieceCount; piece += 1) {
      const priority = isOwn(piece) ? OWN_PRIORITY : OTHERS_PRIORITY;
      const isWanted = chosen?.wanted.has(piece) ?? true;
      const more = chosen?.first.has(piece) ? FIRST_PRIORITY : 0;
      this.#picker.setPriority(piece, isWanted ? Math.min(PRIORITY_MAX, priority + more) : 0);
    }
    this.wake();
  }

  get begunPieces(): Iterable<BegunPiece> {
    return this.#picker.begunPieces;
  }

  /** Whether there is nothing left to ask for that is not asked for, but for what is held. */
  get isAllAsked(): boolean {
    return this.#picker.isAllAsked;
  }

  /** Another brings the piece: no source is asked for it until it is let go. */
  hold(piece: number): void {
    for (const { peer, block } of this.#picker.hold(piece)) this.#sources.get(peer)?.cancel(block);
  }

  /** Nobody else brings a piece that was held. Sources are to be woken afterwards. */
  letGo(piece: number): void {
    this.#picker.letGo(piece);
  }

  /** Up to `count` blocks to ask a source for, which count as asked. */
  ask(peer: PickerPeer, count: number): readonly Block[] {
    return this.#pausedBecause === null && count > 0 ? this.#picker.pick(peer, count) : [];
  }

  /** As `ask`, of these pieces alone. */
  askOf(peer: PickerPeer, pieces: Iterable<number>, count: number): readonly Block[] {
    const isPaused = this.#pausedBecause !== null;
    return isPaused || count <= 0 ? [] : this.#picker.pickOf(peer, pieces, count);
  }

  /** A source sent a block; false when nobody asked it for that. */
  receive(peer: PickerPeer, { piece, begin, data }: ReceivedBlock): boolean {
    this.downloadedBytes += data.length;
    const received = this.#picker.receive(peer, { piece, begin, length: data.length });
    if (received.kind === "unasked") {
      this.wastedBytes += data.length;
      return false;
    }
    const there = this.#bytesOf(piece);
    copyBytes(data, there.bytes, begin);
    there.receivedBytes += data.length;
    for (const other of received.cancel) {
      this.#sources.get(other)?.cancel({ piece, begin, length: data.length });
    }
    if (received.isWhole) {
      this.#storing.add(piece);
      this.#options.store(piece, there.bytes);
    }
    return true;
  }

  /** The source will not send a block. False if it was not asked; others are, after a `wake`. */
  giveUp(peer: PickerPeer, block: Block): boolean {
    return this.#picker.giveUp(peer, block);
  }

  /** The source will send nothing of what it was asked for, but of some pieces. */
  giveUpAll(peer: PickerPeer, sends?: (piece: number) => boolean): void {
    const { size } = peer.asked;
    if (size === 0) return;
    this.#picker.giveUpAll(peer, sends);
    if (peer.asked.size < size) this.wake();
  }

  /** A piece is verified and stored, whoever brought it. */
  verified(piece: number): void {
    const isOurs = this.#storing.delete(piece);
    const there = this.#pieces.get(piece);
    this.#pieces.delete(piece);
    const asked = this.#picker.verified(piece);
    // Another gateway brought it first.
    if (!isOurs) this.wastedBytes += there?.receivedBytes ?? 0;
    for (const { peer, block } of asked) this.#sources.get(peer)?.cancel(block);
    this.wake();
  }

  /** A whole piece is not what it should be, and is downloaded again. */
  failed(piece: number): void {
    if (!this.#storing.delete(piece)) return;
    this.wastedBytes += this.#pieces.get(piece)?.receivedBytes ?? 0;
    this.#pieces.delete(piece);
    const blame = this.#picker.failed(piece);
    if (blame.kind === "certain") this.#sources.get(blame.peer)?.ban();
    this.wake();
  }

  /** Bytes that were to be stored are, and nobody looks into them any more. */
  recycle(bytes: Uint8Array): void {
    this.#options.memory.pool.give(bytes);
  }

  pause(because: string): void {
    this.#pausedBecause = because;
  }

  resume(): void {
    this.#pausedBecause = null;
    this.wake();
  }

  /** Has every source look whether there is something to ask it for. */
  wake(): void {
    for (const source of this.#sources.values()) source.wake();
  }

  #bytesOf(piece: number): PieceBytes {
    const known = this.#pieces.get(piece);
    if (known !== undefined) return known;
    const { shape } = this.#options;
    const length = shape.shorter?.get(piece) ?? pieceLengthAt(shape, piece);
    const begun = { bytes: this.#options.memory.pool.take(length), receivedBytes: 0 };
    this.#pieces.set(piece, begun);
    return begun;
  }
}

/** A piece that is not verified: where its blocks go, and how much of them came. */
type PieceBytes = { readonly bytes: Uint8Array; receivedBytes: number };
