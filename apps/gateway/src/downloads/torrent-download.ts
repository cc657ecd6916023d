import { Bitfield } from "@seedfleet/bitfield";
import { MemoryPool } from "@seedfleet/bytes";
import { pieceLengthAt } from "@seedfleet/metainfo";
import {
  type Asked,
  type Block,
  type Chance,
  type PickerPeer,
  PiecePicker,
  type TorrentShape,
} from "@seedfleet/picker";
import type { PexAddress } from "@seedfleet/wire";

/** Where blocks come from: a peer, or a web seed. */
export interface BlockSource {
  /** A block that it was asked for came from elsewhere. */
  cancel(block: Block): void;
  /** There may be something to ask it for that was not there before. */
  wake(): void;
  /** It sent what is not the torrent's, for certain. */
  ban(): void;
}

export type TorrentDownloadOptions = {
  readonly shape: TorrentShape;
  /** The pieces that are there. */
  readonly have: Bitfield;
  /** What begun pieces may take in memory, all together; one of any length is always begun. */
  readonly memoryBytesMax: number;
  /**
   * A whole piece is to be verified and stored; `verified` or `failed` answer, and `recycle` where
   * nobody needs the bytes any more.
   */
  readonly store: (piece: number, bytes: Uint8Array) => void;
  /** A peer named others (BEP 11). */
  readonly peersFound: (addresses: readonly PexAddress[]) => void;
};

/** A block as it came. */
export type ReceivedBlock = {
  readonly piece: number;
  readonly begin: number;
  /** May be a view of what was received, and is copied. */
  readonly data: Uint8Array;
};

/** Memory of stored pieces that is kept for the next ones. */
const FREE_BYTES_MAX: number = 32 * 1024 * 1024;

/** How much a piece of ours is wanted, and one that another gateway is rather for. */
export const OWN_PRIORITY = 5;
export const OTHERS_PRIORITY = 3;

/**
 * One torrent's download: what to ask which source for, and the bytes of pieces that are not whole
 * yet or not verified. Sans-IO. While it is paused nothing is asked for.
 */
export class TorrentDownload {
  readonly #options: TorrentDownloadOptions;
  readonly #picker: PiecePicker;
  readonly #sources = new Map<PickerPeer, BlockSource>();
  readonly #pieces = new Map<number, Buffer>();
  /** Whole ones that wait for their verdict. */
  readonly #storing = new Set<number>();
  readonly #memory = new MemoryPool({ freeBytesMax: FREE_BYTES_MAX });
  #pausedBecause: string | null = null;
  /** Block bytes that came, and those among them that were of no use. */
  downloadedBytes = 0;
  wastedBytes = 0;

  constructor(options: TorrentDownloadOptions, chance: Chance) {
    const { have, memoryBytesMax, shape } = options;
    this.#options = options;
    const there =
      Bitfield.parse(have.toBytes(), have.pieceCount) ?? Bitfield.empty(have.pieceCount);
    const begunMax = Math.max(1, Math.floor(memoryBytesMax / shape.pieceLengthBytes));
    this.#picker = new PiecePicker({ shape, there, order: "rarest", begunMax }, chance);
  }

  get peersFound(): TorrentDownloadOptions["peersFound"] {
    return this.#options.peersFound;
  }

  get shape(): TorrentShape {
    return this.#options.shape;
  }

  get wantedPieces(): number {
    return this.#picker.wanted;
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  /** Sources that have every piece. */
  get seedCount(): number {
    let count = 0;
    for (const peer of this.#sources.keys()) if (peer.isSeed) count += 1;
    return count;
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

  setPieces(peer: PickerPeer, pieces: Bitfield): void {
    this.#picker.setPieces(peer, pieces);
  }

  isInteresting(peer: PickerPeer): boolean {
    return this.#picker.isInteresting(peer);
  }

  /** Which pieces are rather this gateway's to fetch; the others are fetched after them. */
  prefer(isOwn: (piece: number) => boolean): void {
    for (let piece = 0; piece < this.#options.shape.pieceCount; piece += 1) {
      this.#picker.setPriority(piece, isOwn(piece) ? OWN_PRIORITY : OTHERS_PRIORITY);
    }
    this.wake();
  }

  /** Up to `count` blocks to ask a source for, which count as asked. */
  ask(peer: PickerPeer, count: number): readonly Block[] {
    return this.#pausedBecause === null && count > 0 ? this.#picker.pick(peer, count) : [];
  }

  /** A source sent a block; false when nobody asked it for that. */
  receive(peer: PickerPeer, { piece, begin, data }: ReceivedBlock): boolean {
    this.downloadedBytes += data.length;
    const received = this.#picker.receive(peer, { piece, begin, length: data.length });
    if (received.kind === "unasked") {
      this.wastedBytes += data.length;
      return false;
    }
    const bytes = this.#bytesOf(piece);
    bytes.set(data, begin);
    for (const other of received.cancel) {
      this.#sources.get(other)?.cancel({ piece, begin, length: data.length });
    }
    if (received.isWhole) {
      this.#storing.add(piece);
      this.#options.store(piece, bytes);
    }
    return true;
  }

  /** The source will not send a block. */
  giveUp(peer: PickerPeer, block: Block): void {
    this.#picker.giveUp(peer, block);
    this.wake();
  }

  /** The source will send nothing of what it was asked for. */
  giveUpAll(peer: PickerPeer): void {
    if (peer.asked.size === 0) return;
    this.#picker.giveUpAll(peer);
    this.wake();
  }

  /** A piece is verified and stored, whoever brought it. */
  verified(piece: number): void {
    const isOurs = this.#storing.delete(piece);
    const bytes = this.#pieces.get(piece);
    this.#pieces.delete(piece);
    const asked = this.#picker.verified(piece);
    if (!isOurs && bytes !== undefined) this.#wastedPart(piece, asked);
    for (const { peer, block } of asked) this.#sources.get(peer)?.cancel(block);
    this.wake();
  }

  /** A whole piece is not what it should be, and is downloaded again. */
  failed(piece: number): void {
    if (!this.#storing.delete(piece)) return;
    this.#pieces.delete(piece);
    this.wastedBytes += pieceLengthAt(this.#options.shape, piece);
    const blame = this.#picker.failed(piece);
    if (blame.kind === "certain") this.#sources.get(blame.peer)?.ban();
    this.wake();
  }

  /** Bytes that were to be stored are, and nobody looks into them any more. */
  recycle(bytes: Uint8Array): void {
    this.#memory.give(bytes);
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

  #bytesOf(piece: number): Buffer {
    const known = this.#pieces.get(piece);
    if (known !== undefined) return known;
    const { shape } = this.#options;
    const length = shape.shorter?.get(piece) ?? pieceLengthAt(shape, piece);
    const bytes = this.#memory.take(length);
    this.#pieces.set(piece, bytes);
    return bytes;
  }

  /** What was there of a piece that another gateway brought first. */
  #wastedPart(piece: number, asked: readonly Asked[]): void {
    const { shape } = this.#options;
    const open = asked.reduce((sum, { block }) => sum + block.length, 0);
    this.wastedBytes += Math.max(0, pieceLengthAt(shape, piece) - open);
  }
}
