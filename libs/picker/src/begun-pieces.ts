import { PartialPiece } from "./partial-piece.ts";
import type { PickerPeer } from "./picker-peer.ts";

/** Begun pieces that are looked at before another is begun. */
const OPEN_LOOKED_MAX = 64;

/** In the endgame no block is asked of more peers than this. */
const ENDGAME_ASKED_MAX = 4;

/** A block by its piece and its place in it. */
export type BlockPlace = { readonly piece: number; readonly index: number };

/** The pieces that were begun and are not verified, and who may go on with which. */
export class BegunPieces {
  readonly #isWanted: (piece: number) => boolean;
  readonly #pieces = new Map<number, PartialPiece>();
  /** Those of them that have blocks which nobody is asked for, the longest begun first. */
  readonly #open = new Map<number, PartialPiece>();

  constructor(isWanted: (piece: number) => boolean) {
    this.#isWanted = isWanted;
  }

  get size(): number {
    return this.#pieces.size;
  }

  get(piece: number): PartialPiece | undefined {
    return this.#pieces.get(piece);
  }

  /** Pieces with blocks that nobody is asked for. */
  get open(): Iterable<number> {
    return this.#open.keys();
  }

  get all(): Iterable<PartialPiece> {
    return this.#pieces.values();
  }

  begin(piece: number, blockCount: number, onlyPeer: number | null): PartialPiece {
    const begun = new PartialPiece(piece, blockCount, onlyPeer);
    this.#pieces.set(piece, begun);
    this.#open.set(piece, begun);
    return begun;
  }

  /** It is verified, or to be begun anew. */
  delete(piece: number): void {
    this.#pieces.delete(piece);
    this.#open.delete(piece);
  }

  /** One that the peer can go on with, best the one that it is at. */
  openFor(peer: PickerPeer): PartialPiece | null {
    const current = peer.current === null ? undefined : this.#open.get(peer.current);
    if (current !== undefined && this.#mayGet(peer, current)) return current;
    let looked = 0;
    for (const begun of this.#open.values()) {
      if (this.#mayGet(peer, begun)) return begun;
      looked += 1;
      if (looked === OPEN_LOOKED_MAX) break;
    }
    return null;
  }

  /**
   * One that a suspect may go on with although others had a part in it, as nobody is at it. It may
   * be the only one that has it, and nothing else is left for it.
   */
  idleFor(peer: PickerPeer): PartialPiece | null {
    for (const begun of this.#open.values()) {
      const isNobodys = begun.onlyPeer === null && begun.isIdle;
      if (isNobodys && peer.has(begun.piece) && this.#isWanted(begun.piece)) return begun;
    }
    return null;
  }

  /** Asks the peer for the next open block of a piece; null if none is open. */
  ask(peer: PickerPeer, begun: PartialPiece): number | null {
    const index = begun.ask(peer.id);
    if (begun.open === 0) this.#open.delete(begun.piece);
    peer.current = begun.piece;
    return index;
  }

  /** Asks the peer for open blocks of this piece, if it may go on with it. */
  askOf(peer: PickerPeer, piece: number, count: number): readonly number[] {
    const begun = this.#open.get(piece);
    if (begun === undefined || !this.#mayGet(peer, begun)) return [];
    const asked: number[] = [];
    while (asked.length < count) {
      const index = this.ask(peer, begun);
      if (index === null) break;
      asked.push(index);
    }
    return asked;
  }

  /** The peer will not send a block. */
  giveUp(peer: PickerPeer, { piece, index }: BlockPlace): void {
    const begun = this.#pieces.get(piece);
    if (begun?.giveUp(index, peer.id)) this.#open.set(piece, begun);
  }

  /** A peer sends nothing more: what it alone was asked for others may be, too. */
  release(peer: PickerPeer): void {
    for (const begun of this.#pieces.values()) {
      if (begun.onlyPeer === peer.id) begun.onlyPeer = null;
    }
  }

  /** Asks the peer for blocks that others are asked for, those of the fewest first. */
  askToo(peer: PickerPeer, count: number): readonly BlockPlace[] {
    const found: (BlockPlace & { readonly asked: number })[] = [];
    for (const begun of this.#pieces.values()) {
      if (begun.isWhole || !this.#mayGet(peer, begun)) continue;
      for (let index = 0; index < begun.blockCount; index += 1) {
        const asked = begun.askedOf(index);
        const hasRoom = asked.length > 0 && asked.length < ENDGAME_ASKED_MAX;
        if (hasRoom && !asked.includes(peer.id)) {
          found.push({ piece: begun.piece, index, asked: asked.length });
        }
      }
    }
    const chosen = found.toSorted((a, b) => a.asked - b.asked).slice(0, count);
    for (const { piece, index } of chosen) this.#pieces.get(piece)?.askToo(index, peer.id);
    return chosen;
  }

  #mayGet(peer: PickerPeer, { piece, onlyPeer }: PartialPiece): boolean {
    const isItsOwn = onlyPeer === peer.id || (onlyPeer === null && !peer.isSuspect);
    return isItsOwn && peer.has(piece) && this.#isWanted(piece);
  }
}
