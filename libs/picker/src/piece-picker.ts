import { Bitfield } from "@seedfleet/bitfield";
import { takeAsked } from "./asked-blocks.ts";
import { BegunPieces } from "./begun-pieces.ts";
import { BlockMap } from "./block-map.ts";
import type { PartialPiece } from "./partial-piece.ts";
import type { Asked, Blame, PickerConfig, Received } from "./picker-model.ts";
import { type Block, PickerPeer } from "./picker-peer.ts";
import { type Chance, RarityOrder } from "./rarity-order.ts";
import { piecesOf, shortlistOf, shortlistToo, takeShortlisted } from "./shortlist.ts";

/** Something to trade with as soon as possible: the first pieces are any (libtorrent). */
const RANDOM_FIRST_PIECES = 4;

/** Pieces of the order that are looked at before the peer's own are. */
const LOOKED_MAX = 128;

/**
 * Which blocks to ask which peer for: begun pieces are finished first, then the rarest is begun,
 * and when nothing is left to ask for, others are asked for the same blocks (BEP 3; Cohen 2003).
 * Knows no sockets, time or hashes: the shell tells it what peers have and send, asks as it says,
 * and tells it which pieces are right.
 */
export class PiecePicker {
  readonly #blocks: BlockMap;
  readonly #chance: Chance;
  readonly #isSequential: boolean;
  readonly #mayBegin: (begun: number) => boolean;
  readonly #order: RarityOrder;
  readonly #peers = new Map<number, PickerPeer>();
  readonly #begun: BegunPieces;
  readonly #there: Bitfield;
  #wanted: number;
  #seeds = 0;
  #lastId = 0;
  /** Goes up when there are pieces to begin that were not there before. */
  #version = 0;
  /** No piece before it is to be begun, in sequential order. */
  #cursor = 0;

  constructor(config: PickerConfig, chance: Chance) {
    const { shape, there } = config;
    this.#blocks = new BlockMap(shape);
    this.#chance = chance;
    this.#isSequential = config.order === "sequential";
    this.#mayBegin = config.mayBegin ?? (() => true);
    this.#there = there;
    this.#order = new RarityOrder(shape.pieceCount, chance);
    this.#begun = new BegunPieces((piece) => this.#order.priority(piece) > 0);
    this.#wanted = shape.pieceCount - there.count;
    for (let piece = 0; piece < shape.pieceCount; piece += 1) {
      if (there.has(piece)) this.#order.remove(piece);
    }
  }

  /** How many pieces are begun and not verified. */
  get begun(): number {
    return this.#begun.size;
  }

  /** How many pieces are wanted and not there. */
  get wanted(): number {
    return this.#wanted;
  }

  /** A peer came; it has nothing until it says so. */
  join(): PickerPeer {
    this.#lastId += 1;
    const peer = new PickerPeer(this.#lastId, this.#there.pieceCount);
    this.#peers.set(peer.id, peer);
    return peer;
  }

  leave(peer: PickerPeer): void {
    this.giveUpAll(peer);
    this.#countPieces(peer, -1);
    this.#peers.delete(peer.id);
  }

  /** The peer has a piece more. */
  have(peer: PickerPeer, piece: number): void {
    if (!peer.add(piece)) return;
    this.#order.add(piece);
    if (this.#isWanted(piece)) {
      peer.interesting += 1;
      peer.nothingAtVersion = -1;
      shortlistToo(peer, piece, this.#order);
    }
    if (peer.count === this.#there.pieceCount) this.setPieces(peer, Bitfield.full(peer.count));
  }

  /** What the peer has, in place of what it said before. */
  setPieces(peer: PickerPeer, pieces: Bitfield): void {
    this.#countPieces(peer, -1);
    if (pieces.isFull) peer.becomeSeed();
    else peer.setPieces(pieces);
    this.#countPieces(peer, 1);
    peer.nothingAtVersion = -1;
    peer.interesting = 0;
    for (const piece of piecesOf(peer)) if (this.#isWanted(piece)) peer.interesting += 1;
  }

  /** Whether it has a piece that is wanted, so that it should be told of our interest. */
  isInteresting(peer: PickerPeer): boolean {
    return peer.isSeed ? this.#wanted > 0 : peer.interesting > 0;
  }

  /** How many peers have a piece, seeds among them. */
  availability(piece: number): number {
    return this.#order.availability(piece) + this.#seeds;
  }

  /** How much a piece is wanted, from 0, not at all, to `PRIORITY_MAX`. */
  setPriority(piece: number, priority: number): void {
    const wasWanted = this.#isWanted(piece);
    this.#order.setPriority(piece, priority);
    if (this.#there.has(piece) || this.#begun.get(piece)) this.#order.remove(piece);
    this.#version += 1;
    this.#cursor = Math.min(this.#cursor, piece);
    const change = Number(this.#isWanted(piece)) - Number(wasWanted);
    if (change !== 0) this.#wantedChanged(piece, change);
  }

  /** Up to `count` blocks to ask the peer for, in order; it counts as asked. */
  pick(peer: PickerPeer, count: number): readonly Block[] {
    this.#order.refresh();
    const picked: Block[] = [];
    const wasIdle = peer.asked.size === 0;
    let shared: PartialPiece | null = null;
    while (picked.length < count) {
      let begun = this.#begun.openFor(peer) ?? this.#begin(peer);
      if (begun === null && peer.isSuspect && wasIdle) {
        if (picked.length === 0) shared = this.#begun.idleFor(peer);
        begun = shared;
      }
      const index = begun === null ? null : this.#begun.ask(peer, begun);
      if (begun === null || index === null) break;
      picked.push(this.#asked(peer, begun.piece, index));
    }
    if (picked.length < count && this.#isEndgame()) {
      for (const { piece, index } of this.#begun.askToo(peer, count - picked.length)) {
        picked.push(this.#asked(peer, piece, index));
      }
    }
    return picked;
  }

  /** As `pick`, of these pieces alone: a peer that chokes us may allow a few (BEP 6). */
  pickOf(peer: PickerPeer, pieces: Iterable<number>, count: number): readonly Block[] {
    this.#order.refresh();
    const picked: Block[] = [];
    for (const piece of pieces) {
      const isNew = peer.has(piece) && this.#order.has(piece) && picked.length < count;
      if (isNew && this.#mayBegin(this.#begun.size)) this.#beginPiece(peer, piece);
      for (const index of this.#begun.askOf(peer, piece, count - picked.length)) {
        picked.push(this.#asked(peer, piece, index));
      }
    }
    return picked;
  }

  /** A block came from the peer. */
  receive(peer: PickerPeer, block: Block): Received {
    const key = this.#blocks.keyOf(block);
    const begun = this.#begun.get(block.piece);
    if (key === null || begun === undefined || !peer.asked.delete(key)) return { kind: "unasked" };
    const index = this.#blocks.indexOf(key);
    const cancel = begun.receive(index, peer.id).flatMap((id) => this.#peers.get(id) ?? []);
    for (const other of cancel) other.asked.delete(key);
    return { kind: "taken", cancel, isWhole: begun.isWhole };
  }

  /** The peer will not send a block: it refused, or it took too long. False if it was not asked. */
  giveUp(peer: PickerPeer, block: Block): boolean {
    const key = this.#blocks.keyOf(block);
    if (key === null || !peer.asked.delete(key)) return false;
    this.#reopen(peer, key);
    return true;
  }

  /** The peer will send nothing of what it was asked for, but of some pieces: it choked us. */
  giveUpAll(peer: PickerPeer, sends: (piece: number) => boolean = () => false): void {
    for (const key of peer.asked) {
      if (sends(this.#blocks.pieceOf(key))) continue;
      peer.asked.delete(key);
      this.#reopen(peer, key);
    }
    if (peer.asked.size === 0) this.#begun.release(peer);
  }

  /**
   * A piece is there as it should be, wherever it came from. Gives what peers are still asked for
   * of it and need not send. Whoever a whole piece came from alone is clear of suspicion.
   */
  verified(piece: number): readonly Asked[] {
    const begun = this.#begun.get(piece);
    const only = begun?.isWhole === true ? begun.onlyPeer : null;
    const cleared = only === null ? undefined : this.#peers.get(only);
    if (cleared !== undefined) cleared.isSuspect = false;
    const asked = begun === undefined ? [] : takeAsked(begun, this.#blocks, this.#peers);
    this.#begun.delete(piece);
    const wasWanted = this.#isWanted(piece);
    this.#order.remove(piece);
    this.#there.add(piece);
    if (wasWanted) this.#wantedChanged(piece, -1);
    return asked;
  }

  /** A whole piece is not what it should be, and is downloaded again. */
  failed(piece: number): Blame {
    const senders = this.#begun.get(piece)?.senders ?? new Set<number>();
    const peers = [...senders].flatMap((id) => this.#peers.get(id) ?? []);
    this.#begun.delete(piece);
    this.#order.insert(piece);
    this.#version += 1;
    this.#cursor = Math.min(this.#cursor, piece);
    const [first] = peers;
    if (first !== undefined && senders.size === 1) return { kind: "certain", peer: first };
    for (const peer of peers) peer.isSuspect = true;
    return { kind: "suspects", peers };
  }

  #asked(peer: PickerPeer, piece: number, index: number): Block {
    peer.asked.add(this.#blocks.keyAt(piece, index));
    return this.#blocks.blockAt(piece, index);
  }

  #reopen(peer: PickerPeer, key: number): void {
    const place = { piece: this.#blocks.pieceOf(key), index: this.#blocks.indexOf(key) };
    this.#begun.giveUp(peer, place);
  }

  #begin(peer: PickerPeer): PartialPiece | null {
    if (peer.nothingAtVersion === this.#version || !this.#mayBegin(this.#begun.size)) return null;
    const piece = this.#newPieceFor(peer);
    if (piece === null) {
      peer.nothingAtVersion = this.#version;
      return null;
    }
    return this.#beginPiece(peer, piece);
  }

  #beginPiece(peer: PickerPeer, piece: number): PartialPiece {
    this.#order.remove(piece);
    const blocks = this.#blocks.blockCount(piece);
    return this.#begun.begin(piece, blocks, peer.isSuspect ? peer.id : null);
  }

  #newPieceFor(peer: PickerPeer): number | null {
    if (this.#isSequential) return this.#nextFor(peer);
    const listed = takeShortlisted(peer, this.#order);
    if (listed !== null) return listed;
    const found = this.#order.search((piece) => peer.has(piece), {
      withUnheard: peer.isSeed,
      fromCommon: peer.isSlow,
      anyRarity: this.#there.count + this.#begun.size < RANDOM_FIRST_PIECES,
      lookedMax: LOOKED_MAX,
    });
    if (found === "none") return null;
    if (found !== "gave-up") return found;
    peer.shortlist = shortlistOf(peer, this.#order, this.#chance);
    return takeShortlisted(peer, this.#order);
  }

  #nextFor(peer: PickerPeer): number | null {
    const { pieceCount } = this.#there;
    while (this.#cursor < pieceCount && !this.#order.has(this.#cursor)) this.#cursor += 1;
    for (let piece = this.#cursor; piece < pieceCount; piece += 1) {
      if (this.#order.has(piece) && peer.has(piece)) return piece;
    }
    return null;
  }

  /** Whether somebody is asked for every block that anybody could send. */
  #isEndgame(): boolean {
    if (this.#order.hasAny(this.#seeds > 0)) return false;
    for (const piece of this.#begun.open) {
      if (this.#order.priority(piece) > 0 && this.availability(piece) > 0) return false;
    }
    return true;
  }

  #isWanted(piece: number): boolean {
    return this.#order.priority(piece) > 0 && !this.#there.has(piece);
  }

  #wantedChanged(piece: number, change: number): void {
    this.#wanted += change;
    for (const peer of this.#peers.values()) {
      if (!peer.isSeed && peer.has(piece)) peer.interesting += change;
    }
  }

  /** Seeds are counted apart, so that one that comes or goes costs nothing. */
  #countPieces(peer: PickerPeer, change: 1 | -1): void {
    if (peer.isSeed) this.#seeds += change;
    else this.#order.count(piecesOf(peer), peer.count, change);
  }
}
