import { Bitfield } from "@seedfleet/bitfield";
import { PiecesByCopies } from "./pieces-by-copies.ts";

/**
 * Pieces that a peer may owe at once: that it got, and nobody from it. What it passes on it is
 * trusted with again, one more each time, so that a link is full that takes seconds to pass on.
 */
export const SUPER_SEED_OWED_MAX = 8;

/** The piece that a peer alone was told of last, and whether it has passed it on. */
type Offer = { readonly piece: number; wasShown: boolean };

type SeededPeer = {
  readonly have: Bitfield;
  /** What it was told of and has not got. */
  readonly told: Set<number>;
  offer: Offer | null;
  /** What it got before its offer and has not passed on. */
  readonly owed: Set<number>;
  /** How much it may owe. */
  trust: number;
};

/**
 * Which piece a super-seeding fleet tells each peer of next (BEP 16). To a peer the fleet seems to
 * have nothing but what it was offered: the rarest piece it lacks, which nobody else was offered
 * while there is such a one. It is offered the next only after another peer got that piece too,
 * when nobody is left to show it to, or on trust, once it has passed others on. One state serves
 * all gateways of a swarm, so a piece is offered once in the fleet; a leecher at several gateways
 * is one peer here.
 *
 * No step looks at all peers. `next` passes over what the peer has of the rarest pieces.
 */
export class SuperSeed {
  /** What peers have, and what is offered to peers that have not got it yet. */
  readonly #copies: PiecesByCopies;
  readonly #holders: Uint32Array;
  /** Whose offer a piece is. */
  readonly #offered = new Map<number, Set<SeededPeer>>();
  /** Who owes a piece. */
  readonly #owing = new Map<number, Set<SeededPeer>>();
  readonly #peers = new Map<string, SeededPeer>();

  constructor(pieceCount: number) {
    this.#copies = new PiecesByCopies(pieceCount);
    this.#holders = new Uint32Array(pieceCount);
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  /**
   * A leecher came, with what it has already, and what it was told of by another state: the last
   * of these is its offer.
   */
  joined(leecher: string, pieces: Iterable<number>, told: readonly number[] = []): void {
    if (this.#peers.has(leecher)) return;
    const have = Bitfield.empty(this.#copies.pieceCount);
    const peer: SeededPeer = { have, told: new Set(), offer: null, owed: new Set(), trust: 0 };
    this.#peers.set(leecher, peer);
    for (const piece of pieces) this.has(leecher, piece);
    const known = told.filter((piece) => this.#isPiece(piece));
    for (const piece of known) if (!have.has(piece)) peer.told.add(piece);
    const last = known.at(-1);
    if (last !== undefined) this.#offer(peer, last);
  }

  /** A leecher says that it has a piece (`have`). True if that was its offer. */
  has(leecher: string, piece: number): boolean {
    const peer = this.#peers.get(leecher);
    if (peer === undefined || !this.#isPiece(piece) || !peer.have.add(piece)) return false;
    peer.told.delete(piece);
    this.#count(piece, 1);
    const isOffer = peer.offer?.piece === piece;
    // Its offer was counted as a copy when it was made.
    if (!isOffer) this.#copies.add(piece);
    this.#shown(peer, piece);
    return isOffer;
  }

  left(leecher: string): void {
    const peer = this.#peers.get(leecher);
    if (peer === undefined) return;
    this.#withdraw(peer);
    this.#forgive(peer);
    this.#peers.delete(leecher);
    for (const piece of peer.have.pieces()) {
      this.#count(piece, -1);
      this.#copies.remove(piece);
    }
  }

  /** The leecher's offer is not waited for any more: another may have it, and it another. */
  lapsed(leecher: string): void {
    const peer = this.#peers.get(leecher);
    if (peer === undefined) return;
    this.#withdraw(peer);
    this.#forgive(peer);
    peer.trust = 0;
  }

  /**
   * The piece to tell the leecher of now, or null if it must pass on its last one first, has or
   * knows of all, or there is none but what more than `copiesMax` have. `chance`, from 0 to below
   * 1, breaks ties.
   */
  next(
    leecher: string,
    chance: number,
    copiesMax: number = Number.POSITIVE_INFINITY,
  ): number | null {
    const peer = this.#peers.get(leecher);
    if (peer === undefined || !this.#isFree(peer)) return null;
    const { have, told } = peer;
    const piece = this.#copies.rarest((each) => !have.has(each) && !told.has(each), chance);
    if (piece === null || this.#copies.copiesOf(piece) > copiesMax) return null;
    this.#owe(peer);
    this.#withdraw(peer);
    told.add(piece);
    this.#offer(peer, piece);
    return piece;
  }

  /** Whether the leecher has passed its last offer on, or is trusted to, or has none. */
  isFree(leecher: string): boolean {
    const peer = this.#peers.get(leecher);
    return peer !== undefined && this.#isFree(peer);
  }

  #isFree({ have, offer, owed, trust }: SeededPeer): boolean {
    if (offer === null) return true;
    if (!have.has(offer.piece)) return false;
    return !this.#isOwed(offer) || owed.size < trust;
  }

  /** Whoever has it already cannot show that it was passed on. */
  #isOwed({ piece, wasShown }: Offer): boolean {
    return !wasShown && this.#holders[piece] !== this.#peers.size;
  }

  /** A peer has a piece, so whoever it was offered to has passed it on. */
  #shown(peer: SeededPeer, piece: number): void {
    for (const other of this.#offered.get(piece) ?? []) {
      if (other === peer || other.offer === null) continue;
      if (!other.offer.wasShown) this.#trustMore(other);
      other.offer.wasShown = true;
    }
    for (const other of this.#owing.get(piece) ?? []) {
      if (other === peer) continue;
      this.#settle(other, piece);
      this.#trustMore(other);
    }
  }

  #trustMore(peer: SeededPeer): void {
    peer.trust = Math.min(SUPER_SEED_OWED_MAX, peer.trust + 1);
  }

  /** What it got and has not passed on it owes, when it is offered the next. */
  #owe(peer: SeededPeer): void {
    const { have, offer, owed } = peer;
    if (offer === null || !have.has(offer.piece) || !this.#isOwed(offer)) return;
    owed.add(offer.piece);
    const owing = this.#owing.get(offer.piece) ?? new Set();
    owing.add(peer);
    this.#owing.set(offer.piece, owing);
  }

  #settle(peer: SeededPeer, piece: number): void {
    peer.owed.delete(piece);
    const owing = this.#owing.get(piece);
    owing?.delete(peer);
    if (owing?.size === 0) this.#owing.delete(piece);
  }

  #forgive(peer: SeededPeer): void {
    for (const piece of peer.owed) this.#settle(peer, piece);
  }

  #offer(peer: SeededPeer, piece: number): void {
    peer.offer = { piece, wasShown: false };
    if (!peer.have.has(piece)) this.#copies.add(piece);
    const offered = this.#offered.get(piece) ?? new Set();
    offered.add(peer);
    this.#offered.set(piece, offered);
  }

  #withdraw(peer: SeededPeer): void {
    const { have, offer } = peer;
    if (offer === null) return;
    peer.offer = null;
    if (!have.has(offer.piece)) this.#copies.remove(offer.piece);
    const offered = this.#offered.get(offer.piece);
    offered?.delete(peer);
    if (offered?.size === 0) this.#offered.delete(offer.piece);
  }

  #count(piece: number, change: number): void {
    this.#holders[piece] = (this.#holders[piece] ?? 0) + change;
  }

  #isPiece(piece: number): boolean {
    return piece >= 0 && piece < this.#copies.pieceCount;
  }
}
