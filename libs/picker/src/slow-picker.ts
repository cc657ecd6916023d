import { BLOCK_BYTES } from "./block-map.ts";
import type { Block } from "./picker-peer.ts";

/** What a peer is in the slow model. */
export type SlowPeer = {
  readonly pieces: Set<number>;
  readonly asked: Set<string>;
  isSuspect: boolean;
};

type SlowBlock = { readonly askedOf: Set<SlowPeer>; from: SlowPeer | null };

type SlowPiece = { readonly blocks: SlowBlock[]; onlyPeer: SlowPeer | null };

/** The rules of the picker over plain sets, looked through from the beginning every time. */
export class SlowPicker {
  readonly #pieceCount: number;
  readonly #blocksPerPiece: number;
  readonly peers: Set<SlowPeer> = new Set();
  readonly priorities: number[];
  readonly there: Set<number> = new Set();
  readonly held: Set<number> = new Set();
  readonly begun: Map<number, SlowPiece> = new Map();

  constructor(pieceCount: number, blocksPerPiece: number) {
    this.#pieceCount = pieceCount;
    this.#blocksPerPiece = blocksPerPiece;
    this.priorities = Array.from({ length: pieceCount }, () => 4);
  }

  join(): SlowPeer {
    const peer = { pieces: new Set<number>(), asked: new Set<string>(), isSuspect: false };
    this.peers.add(peer);
    return peer;
  }

  leave(peer: SlowPeer): void {
    this.giveUpAll(peer);
    this.peers.delete(peer);
  }

  availability(piece: number): number {
    return [...this.peers].filter(({ pieces }) => pieces.has(piece)).length;
  }

  isWanted(piece: number): boolean {
    return (this.priorities[piece] ?? 0) > 0 && !this.there.has(piece);
  }

  mayAskFor(piece: number): boolean {
    return this.isWanted(piece) && !this.held.has(piece);
  }

  isInteresting({ pieces }: SlowPeer): boolean {
    return [...pieces].some((piece) => this.isWanted(piece));
  }

  /** Pieces the peer could begin, and how good each is: the least is the best. */
  beginnable({ pieces }: SlowPeer): ReadonlyMap<number, number> {
    const seeds = [...this.peers].filter((peer) => peer.pieces.size === this.#pieceCount).length;
    return new Map(
      [...pieces]
        .filter((piece) => this.mayAskFor(piece) && !this.begun.has(piece))
        .map((piece) => {
          const rarity = this.availability(piece) - seeds;
          return [piece, (7 - (this.priorities[piece] ?? 0)) * 1_000 + rarity];
        }),
    );
  }

  /** Begun pieces with blocks that the peer could be asked for and nobody is. */
  open(peer: SlowPeer): readonly number[] {
    return [...this.begun.keys()].filter((piece) => {
      return this.mayGet(peer, piece) && this.#blocks(piece).some((block) => isOpen(block));
    });
  }

  /** Begun pieces that a suspect for which there is nothing else may go on with. */
  lastResort(peer: SlowPeer): readonly number[] {
    const hasOther = this.open(peer).length > 0 || this.beginnable(peer).size > 0;
    if (!peer.isSuspect || peer.asked.size > 0 || hasOther) return [];
    return [...this.begun].flatMap(([piece, { blocks, onlyPeer }]) => {
      const isIdle = blocks.every(({ askedOf }) => askedOf.size === 0);
      const isItsToGet = onlyPeer === null && peer.pieces.has(piece) && this.mayAskFor(piece);
      return isIdle && isItsToGet && blocks.some((block) => isOpen(block)) ? [piece] : [];
    });
  }

  mayGet(peer: SlowPeer, piece: number): boolean {
    const onlyPeer = this.begun.get(piece)?.onlyPeer ?? null;
    const isItsOwn = onlyPeer === peer || (onlyPeer === null && !peer.isSuspect);
    return isItsOwn && peer.pieces.has(piece) && this.mayAskFor(piece);
  }

  /** Whether no block is left that somebody could be asked for first. */
  get isEndgame(): boolean {
    for (let piece = 0; piece < this.#pieceCount; piece += 1) {
      if (!this.mayAskFor(piece) || this.availability(piece) === 0) continue;
      if (this.#blocks(piece).some((block) => isOpen(block))) return false;
    }
    return true;
  }

  askedOf(block: Block): ReadonlySet<SlowPeer> {
    return this.#blocks(block.piece)[block.begin / BLOCK_BYTES]?.askedOf ?? new Set();
  }

  ask(peer: SlowPeer, block: Block): void {
    const blocks = Array.from({ length: this.#blocksPerPiece }, (): SlowBlock => {
      return { askedOf: new Set(), from: null };
    });
    const fresh = { blocks, onlyPeer: peer.isSuspect ? peer : null };
    const begun = this.begun.get(block.piece) ?? fresh;
    this.begun.set(block.piece, begun);
    begun.blocks[block.begin / BLOCK_BYTES]?.askedOf.add(peer);
    peer.asked.add(keyOf(block));
  }

  receive(peer: SlowPeer, block: Block): void {
    const known = this.#blocks(block.piece)[block.begin / BLOCK_BYTES];
    if (known === undefined) return;
    for (const other of known.askedOf) other.asked.delete(keyOf(block));
    known.askedOf.clear();
    known.from = peer;
  }

  /** Gives how many times somebody was asked for a block of it. */
  hold(piece: number): number {
    if (this.there.has(piece)) return 0;
    this.held.add(piece);
    const asked = [...this.peers].flatMap((peer) => {
      const keys = [...peer.asked].filter((key) => key.startsWith(`${piece} `));
      for (const key of keys) peer.asked.delete(key);
      return keys;
    });
    for (const { askedOf } of this.#blocks(piece)) askedOf.clear();
    return asked.length;
  }

  isWhole(piece: number): boolean {
    return this.begun.get(piece)?.blocks.every(({ from }) => from !== null) ?? false;
  }

  isIdle(piece: number): boolean {
    return this.#blocks(piece).every(({ askedOf }) => askedOf.size === 0);
  }

  senders(piece: number): ReadonlySet<SlowPeer> {
    return new Set(this.#blocks(piece).flatMap(({ from }) => from ?? []));
  }

  giveUp(peer: SlowPeer, block: Block): void {
    this.#blocks(block.piece)[block.begin / BLOCK_BYTES]?.askedOf.delete(peer);
    peer.asked.delete(keyOf(block));
  }

  giveUpAll(peer: SlowPeer): void {
    for (const { blocks } of this.begun.values()) {
      for (const { askedOf } of blocks) askedOf.delete(peer);
    }
    peer.asked.clear();
    for (const begun of this.begun.values()) if (begun.onlyPeer === peer) begun.onlyPeer = null;
  }

  verified(piece: number): void {
    const only = this.begun.get(piece)?.onlyPeer ?? null;
    if (only !== null) only.isSuspect = false;
    this.begun.delete(piece);
    this.held.delete(piece);
    this.there.add(piece);
  }

  failed(piece: number): void {
    const senders = this.senders(piece);
    if (senders.size > 1) for (const peer of senders) peer.isSuspect = true;
    this.begun.delete(piece);
  }

  #blocks(piece: number): readonly SlowBlock[] {
    return this.begun.get(piece)?.blocks ?? [{ askedOf: new Set(), from: null }];
  }
}

export function keyOf({ piece, begin }: Block): string {
  return `${piece} ${begin}`;
}

function isOpen({ askedOf, from }: SlowBlock): boolean {
  return askedOf.size === 0 && from === null;
}
