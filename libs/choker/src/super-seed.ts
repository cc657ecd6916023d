/** A peer's piece that it alone is told of, and what has become of it. */
type Offer = { readonly piece: number; readonly wasSeenElsewhere: boolean };

type SeededPeer = { readonly have: Set<number>; offer: Offer | null };

/**
 * Which piece a super-seeding fleet tells each peer of next (BEP 16). To a peer the fleet seems to
 * have nothing but what it was offered: the rarest piece it lacks, which nobody else was offered
 * while there is such a one. It is offered the next only after its piece was seen at another peer,
 * or when nobody is left to show it to. One state serves all gateways of a swarm, so a piece is
 * offered once in the fleet; a leecher at several gateways is one peer here.
 */
export class SuperSeed {
  readonly #copies: Uint32Array;
  readonly #peers = new Map<string, SeededPeer>();

  constructor(pieceCount: number) {
    this.#copies = new Uint32Array(pieceCount);
  }

  /** A leecher came, with what it has already. */
  joined(leecher: string, pieces: Iterable<number>): void {
    if (this.#peers.has(leecher)) return;
    this.#peers.set(leecher, { have: new Set(), offer: null });
    for (const piece of pieces) this.has(leecher, piece);
  }

  /** A leecher says that it has a piece (`have`). */
  has(leecher: string, piece: number): void {
    const peer = this.#peers.get(leecher);
    if (peer === undefined || peer.have.has(piece) || piece >= this.#copies.length) return;
    peer.have.add(piece);
    // Its offer was counted as a copy when it was made.
    if (peer.offer?.piece !== piece) this.#count(piece, 1);
    for (const [other, { offer }] of this.#peers) {
      if (other === leecher || offer?.piece !== piece) continue;
      const at = this.#peers.get(other);
      if (at?.have.has(piece)) at.offer = { piece, wasSeenElsewhere: true };
    }
  }

  left(leecher: string): void {
    const peer = this.#peers.get(leecher);
    if (peer === undefined) return;
    this.#peers.delete(leecher);
    for (const piece of peer.have) this.#count(piece, -1);
    if (peer.offer !== null && !peer.have.has(peer.offer.piece)) this.#count(peer.offer.piece, -1);
  }

  /**
   * The piece to tell the leecher of now, or null if it must pass on its last one first, or has
   * all. `chance`, from 0 to below 1, breaks ties.
   */
  next(leecher: string, chance: number): number | null {
    const peer = this.#peers.get(leecher);
    if (peer === undefined || !this.#isFree(leecher, peer)) return null;
    const piece = this.#rarestFor(peer, chance);
    if (piece === null) return null;
    peer.offer = { piece, wasSeenElsewhere: false };
    this.#count(piece, 1);
    return piece;
  }

  #isFree(leecher: string, { have, offer }: SeededPeer): boolean {
    if (offer === null || offer.wasSeenElsewhere) return true;
    if (!have.has(offer.piece)) return false;
    // Whoever has it already cannot show that it was passed on.
    return !this.#peers
      .entries()
      .some(([other, peer]) => other !== leecher && !peer.have.has(offer.piece));
  }

  #rarestFor({ have }: SeededPeer, chance: number): number | null {
    let least = Number.POSITIVE_INFINITY;
    let rarest: number[] = [];
    for (const [piece, copies] of this.#copies.entries()) {
      if (copies > least || have.has(piece)) continue;
      if (copies < least) rarest = [];
      least = copies;
      rarest.push(piece);
    }
    return rarest[Math.floor(chance * rarest.length)] ?? null;
  }

  #count(piece: number, change: number): void {
    this.#copies[piece] = (this.#copies[piece] ?? 0) + change;
  }
}
