import { Bitfield } from "@seedfleet/bitfield";
import { NotedHaves } from "./noted-haves.ts";
import { PickerPeer } from "./picker-peer.ts";
import type { RarityOrder } from "./rarity-order.ts";
import { piecesOf, shortlistToo } from "./shortlist.ts";

/** Who has which pieces, and whether there is something wanted among them. */
export class SwarmPieces {
  readonly #order: RarityOrder;
  readonly #there: Bitfield;
  readonly #peers = new Map<number, PickerPeer>();
  readonly #noted = new NotedHaves();
  #wanted: number;
  #seeds = 0;
  #lastId = 0;

  constructor(order: RarityOrder, there: Bitfield) {
    this.#order = order;
    this.#there = there;
    this.#wanted = there.pieceCount - there.count;
  }

  /** By their numbers. */
  get peers(): ReadonlyMap<number, PickerPeer> {
    return this.#peers;
  }

  /** How many pieces are wanted and not there. */
  get wanted(): number {
    return this.#wanted;
  }

  /** How many peers have every piece. They are counted apart: one who comes costs nothing. */
  get seeds(): number {
    this.settle();
    return this.#seeds;
  }

  join(): PickerPeer {
    this.#lastId += 1;
    const peer = new PickerPeer(this.#lastId, this.#there.pieceCount);
    this.#peers.set(peer.id, peer);
    return peer;
  }

  leave(peer: PickerPeer): void {
    this.settle();
    this.#count(peer, -1);
    this.#peers.delete(peer.id);
  }

  /** It is only noted: see `settle`. */
  have(peer: PickerPeer, piece: number): void {
    if (this.#noted.note(peer, piece)) this.settle();
  }

  /**
   * The peer has a piece less. A seed counts piece by piece from then on: one that lost a piece and
   * had it again, over and over, would else have all of them counted each time.
   */
  lost(peer: PickerPeer, piece: number): void {
    this.settle();
    if (!peer.has(piece)) return;
    peer.hasLost = true;
    if (peer.isSeed) this.setPieces(peer, Bitfield.full(peer.count));
    peer.remove(piece);
    this.#order.count(piece, -1);
    if (this.isWanted(piece)) peer.interesting -= 1;
  }

  setPieces(peer: PickerPeer, pieces: Bitfield): void {
    this.settle();
    this.#count(peer, -1);
    if (pieces.isFull && !peer.hasLost) peer.becomeSeed();
    else peer.setPieces(pieces);
    this.#count(peer, 1);
    peer.nothingAtVersion = -1;
    peer.interesting = 0;
    for (const piece of piecesOf(peer)) if (this.isWanted(piece)) peer.interesting += 1;
  }

  isInteresting(peer: PickerPeer): boolean {
    // What is noted can only make it more so.
    if (peer.interesting === 0) this.settle();
    return peer.isSeed ? this.#wanted > 0 : peer.interesting > 0;
  }

  /** How many peers have a piece, seeds among them. */
  availability(piece: number): number {
    this.settle();
    return this.#order.availability(piece) + this.#seeds;
  }

  isWanted(piece: number): boolean {
    return this.#order.priority(piece) > 0 && !this.#there.has(piece);
  }

  /** A piece is wanted that was not (1), or no more (-1); what was noted is settled before that. */
  wantedChanged(piece: number, change: 1 | -1): void {
    this.#wanted += change;
    for (const peer of this.#peers.values()) {
      if (!peer.isSeed && peer.has(piece)) peer.interesting += change;
    }
  }

  /** Looks at what was noted; to be called before peers or the order are asked. */
  settle(): void {
    if (this.#noted.isEmpty) return;
    const whole = new Set<PickerPeer>();
    this.#noted.settle((peer, piece) => {
      this.#order.count(piece, 1);
      if (peer.count === this.#there.pieceCount && !peer.hasLost) whole.add(peer);
      if (!this.isWanted(piece)) return;
      peer.interesting += 1;
      peer.nothingAtVersion = -1;
      shortlistToo(peer, piece, this.#order);
    });
    for (const peer of whole) this.setPieces(peer, Bitfield.full(peer.count));
  }

  #count(peer: PickerPeer, change: 1 | -1): void {
    if (peer.isSeed) this.#seeds += change;
    else for (const piece of piecesOf(peer)) this.#order.count(piece, change);
  }
}
