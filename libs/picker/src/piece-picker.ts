import type { Bitfield } from "@seedfleet/bitfield";
import { BegunPieces } from "./begun-pieces.ts";
import { BLOCK_BYTES, BlockMap } from "./block-map.ts";
import type { PartialPiece } from "./partial-piece.ts";
import type { Asked, BegunPiece, Blame, PickerConfig, Received } from "./picker-model.ts";
import type { Block, PickerPeer } from "./picker-peer.ts";
import { type Chance, RarityOrder } from "./rarity-order.ts";
import { SequentialOrder } from "./sequential-order.ts";
import { rarestFor } from "./shortlist.ts";
import { SwarmPieces } from "./swarm-pieces.ts";
import { takeAsked } from "./take-asked.ts";

/**
 * Which blocks to ask which peer for: begun pieces are finished first, then the rarest is begun,
 * and when nothing is left to ask for, others are asked for the same blocks (BEP 3; Cohen 2003).
 * Knows no sockets, time or hashes: the shell tells it what peers have and send, asks as it says,
 * and tells it which pieces are right.
 */
export class PiecePicker {
  readonly #blocks: BlockMap;
  readonly #chance: Chance;
  readonly #mayBegin: (begun: number) => boolean;
  readonly #order: RarityOrder;
  /** Null where the rarest come first. */
  readonly #sequence: SequentialOrder | null;
  readonly #swarm: SwarmPieces;
  readonly #begun: BegunPieces;
  readonly #there: Bitfield;
  /** Wanted, but left to others for now. */
  readonly #held = new Set<number>();
  /** Goes up when there is something to begin that was not there before. */
  #version = 0;

  constructor(config: PickerConfig, chance: Chance) {
    const { shape, there } = config;
    this.#blocks = new BlockMap(shape);
    this.#chance = chance;
    this.#mayBegin = config.mayBegin ?? (() => true);
    this.#there = there;
    this.#order = new RarityOrder(shape.pieceCount, chance);
    this.#sequence = config.order === "sequential" ? new SequentialOrder(this.#order) : null;
    this.#begun = new BegunPieces((piece) => this.#mayAskFor(piece));
    this.#swarm = new SwarmPieces(this.#order, there);
    for (let piece = 0; piece < shape.pieceCount; piece += 1) {
      if (there.has(piece)) this.#order.remove(piece);
    }
  }

  /** How many pieces are begun and not verified. */
  get begun(): number {
    return this.#begun.size;
  }

  /** The longest begun first. */
  get begunPieces(): Iterable<BegunPiece> {
    return this.#begun.all;
  }

  /** How many pieces are wanted and not there. */
  get wanted(): number {
    return this.#swarm.wanted;
  }

  /** How many peers have every piece. */
  get seeds(): number {
    return this.#swarm.seeds;
  }

  /** A peer came; it has nothing until it says so. */
  join(): PickerPeer {
    return this.#swarm.join();
  }

  leave(peer: PickerPeer): void {
    this.giveUpAll(peer);
    this.#swarm.leave(peer);
  }

  /** The peer has a piece more. */
  have(peer: PickerPeer, piece: number): void {
    this.#swarm.have(peer, piece);
  }

  /** The peer has a piece no more (BEP 54). */
  lost(peer: PickerPeer, piece: number): void {
    this.#swarm.lost(peer, piece);
  }

  /** What the peer has, in place of what it said before. */
  setPieces(peer: PickerPeer, pieces: Bitfield): void {
    this.#swarm.setPieces(peer, pieces);
  }

  /** Whether it has a piece that is wanted, so that it should be told of our interest. */
  isInteresting(peer: PickerPeer): boolean {
    return this.#swarm.isInteresting(peer);
  }

  /** How many peers have a piece, seeds among them. */
  availability(piece: number): number {
    return this.#swarm.availability(piece);
  }

  /** How much a piece is wanted, from 0, not at all, to `PRIORITY_MAX`. */
  setPriority(piece: number, priority: number): void {
    this.#swarm.settle();
    const wasWanted = this.#swarm.isWanted(piece);
    this.#order.setPriority(piece, priority);
    if (!this.#isToBegin(piece)) this.#order.remove(piece);
    this.#reopened(piece);
    const isWanted = this.#swarm.isWanted(piece);
    if (isWanted !== wasWanted) this.#swarm.wantedChanged(piece, isWanted ? 1 : -1);
  }

  /**
   * Nobody is asked for the piece from now on, although it stays wanted. Gives what peers are asked
   * for of it and need not send; what came of it is kept.
   */
  hold(piece: number): readonly Asked[] {
    if (this.#there.has(piece)) return [];
    this.#held.add(piece);
    this.#order.remove(piece);
    const begun = this.#begun.get(piece);
    const asked = begun ? takeAsked(begun, this.#blocks, this.#swarm.peers) : [];
    for (const { peer, block } of asked) this.#reopen(peer, block);
    return asked;
  }

  /** A piece that was held may be asked for again. */
  letGo(piece: number): void {
    if (!this.#held.delete(piece)) return;
    if (this.#isToBegin(piece)) this.#order.insert(piece);
    this.#reopened(piece);
  }

  /** Whether somebody is asked for every block that anybody could send, but for what is held. */
  get isAllAsked(): boolean {
    this.#swarm.settle();
    this.#order.refresh();
    return this.#isEndgame();
  }

  /** Up to `count` blocks to ask the peer for, in order; it counts as asked. */
  pick(peer: PickerPeer, count: number): readonly Block[] {
    this.#swarm.settle();
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
    this.#swarm.settle();
    this.#order.refresh();
    const picked: Block[] = [];
    for (const piece of pieces) {
      if (this.#held.has(piece)) continue;
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
    const cancel = begun.receive(index, peer.id).flatMap((id) => this.#swarm.peers.get(id) ?? []);
    for (const other of cancel) other.asked.delete(key);
    return { kind: "taken", cancel, isWhole: begun.isWhole };
  }

  /** The peer will not send a block: it refused, or it took too long. False if it was not asked. */
  giveUp(peer: PickerPeer, block: Block): boolean {
    const key = this.#blocks.keyOf(block);
    if (key === null || !peer.asked.delete(key)) return false;
    this.#reopen(peer, block);
    return true;
  }

  /** The peer will send nothing of what it was asked for, but of some pieces: it choked us. */
  giveUpAll(peer: PickerPeer, sends: (piece: number) => boolean = () => false): void {
    for (const key of peer.asked) {
      const place = this.#blocks.placeOf(key);
      if (sends(place.piece)) continue;
      peer.asked.delete(key);
      this.#begun.giveUp(peer, place);
    }
    if (peer.asked.size === 0) this.#begun.release(peer);
  }

  /**
   * A piece is there as it should be, wherever it came from. Gives what peers are still asked for
   * of it and need not send. Whoever a whole piece came from alone is clear of suspicion.
   */
  verified(piece: number): readonly Asked[] {
    this.#swarm.settle();
    const begun = this.#begun.get(piece);
    const only = begun?.isWhole === true ? begun.onlyPeer : null;
    const cleared = only === null ? undefined : this.#swarm.peers.get(only);
    if (cleared !== undefined) cleared.isSuspect = false;
    const asked = begun ? takeAsked(begun, this.#blocks, this.#swarm.peers) : [];
    this.#begun.delete(piece);
    this.#held.delete(piece);
    const wasWanted = this.#swarm.isWanted(piece);
    this.#order.remove(piece);
    this.#there.add(piece);
    if (wasWanted) this.#swarm.wantedChanged(piece, -1);
    return asked;
  }

  /** A whole piece is not what it should be, and is downloaded again. */
  failed(piece: number): Blame {
    const senders = this.#begun.get(piece)?.senders ?? new Set<number>();
    const peers = [...senders].flatMap((id) => this.#swarm.peers.get(id) ?? []);
    this.#begun.delete(piece);
    if (this.#isToBegin(piece)) this.#order.insert(piece);
    this.#reopened(piece);
    const [first] = peers;
    if (first !== undefined && senders.size === 1) return { kind: "certain", peer: first };
    for (const peer of peers) peer.isSuspect = true;
    return { kind: "suspects", peers };
  }

  #asked(peer: PickerPeer, piece: number, index: number): Block {
    peer.asked.add(this.#blocks.keyAt(piece, index));
    return this.#blocks.blockAt(piece, index);
  }

  #reopen(peer: PickerPeer, { piece, begin }: Block): void {
    this.#begun.giveUp(peer, { piece, index: begin / BLOCK_BYTES });
  }

  #reopened(piece: number): void {
    this.#version += 1;
    this.#sequence?.reopened(piece);
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
    if (this.#sequence !== null) return this.#sequence.nextFor(peer);
    const begunOrThere = this.#there.count + this.#begun.size;
    return rarestFor(peer, this.#order, { chance: this.#chance, begunOrThere });
  }

  /** Whether somebody is asked for every block that anybody could send. */
  #isEndgame(): boolean {
    if (this.#order.hasAny(this.#swarm.seeds > 0)) return false;
    for (const piece of this.#begun.open) {
      if (this.#mayAskFor(piece) && this.availability(piece) > 0) return false;
    }
    return true;
  }

  #mayAskFor(piece: number): boolean {
    return this.#order.priority(piece) > 0 && !this.#held.has(piece);
  }

  #isToBegin(piece: number): boolean {
    return !(this.#there.has(piece) || this.#held.has(piece) || this.#begun.get(piece));
  }
}
