import type { Rng } from "@seedfleet/runtime";

const NONE = -1;

/** So many pieces are taken at random before the rarest come first, as in libtorrent. */
const RANDOM_PIECES = 4;

/** A byte is not divided; what is less than one is what adding fractions left. */
const BYTE = 1;

/** Which node of a swarm has which piece, and how far it is with those that it lacks. */
export class SwarmPieces {
  readonly #nodeCount: number;
  readonly #pieceCount: number;
  readonly #pieceLengthBytes: number;
  readonly #have: Uint8Array;
  readonly #counts: Uint32Array;
  readonly #copies: Uint32Array;
  /** By [from][to], how many pieces one has that the other lacks. */
  readonly #lacking: Uint32Array;
  readonly #leftBytes: Float64Array;
  readonly #fetchers: Uint8Array;
  /** Each node's own order among pieces that are equally rare. */
  readonly #lot: Uint32Array;

  constructor(
    nodeCount: number,
    size: { readonly pieceCount: number; readonly pieceLengthBytes: number },
    rng: Rng,
  ) {
    const cells = nodeCount * size.pieceCount;
    this.#nodeCount = nodeCount;
    this.#pieceCount = size.pieceCount;
    this.#pieceLengthBytes = size.pieceLengthBytes;
    this.#have = new Uint8Array(cells);
    this.#counts = new Uint32Array(nodeCount);
    this.#copies = new Uint32Array(size.pieceCount);
    this.#lacking = new Uint32Array(nodeCount * nodeCount);
    this.#leftBytes = new Float64Array(cells).fill(size.pieceLengthBytes);
    this.#fetchers = new Uint8Array(cells);
    this.#lot = Uint32Array.from({ length: cells }, () => rng.below(2 ** 20));
  }

  has(node: number, piece: number): boolean {
    return this.#have[node * this.#pieceCount + piece] === 1;
  }

  countOf(node: number): number {
    return this.#counts[node] ?? 0;
  }

  isComplete(node: number): boolean {
    return this.#counts[node] === this.#pieceCount;
  }

  /** How many pieces `from` has that `to` lacks. */
  lacking(from: number, to: number): number {
    return this.#lacking[from * this.#nodeCount + to] ?? 0;
  }

  fill(node: number): void {
    for (let piece = 0; piece < this.#pieceCount; piece += 1) this.#give(node, piece);
  }

  /** It brings so many pieces with it, drawn by lot. */
  bring(node: number, count: number, rng: Rng): void {
    while (this.countOf(node) < count) {
      const piece = rng.below(this.#pieceCount);
      if (!this.has(node, piece)) this.#give(node, piece);
    }
  }

  /** Its copies are gone with it; who comes in its place has none. */
  remove(node: number): void {
    for (let piece = 0; piece < this.#pieceCount; piece += 1) {
      const cell = node * this.#pieceCount + piece;
      if (this.#have[cell] === 1) this.#take(node, piece);
      this.#leftBytes[cell] = this.#pieceLengthBytes;
      this.#fetchers[cell] = 0;
    }
  }

  /** Counts that one more link, or one fewer, fetches the piece. */
  fetch(node: number, piece: number, change: 1 | -1): void {
    const cell = node * this.#pieceCount + piece;
    this.#fetchers[cell] = (this.#fetchers[cell] ?? 0) + change;
  }

  /** Adds bytes of a piece; says how many were of use and whether it is whole. */
  add(
    node: number,
    piece: number,
    bytes: number,
  ): { readonly taken: number; readonly isWhole: boolean } {
    const cell = node * this.#pieceCount + piece;
    const left = this.#leftBytes[cell] ?? 0;
    const taken = Math.min(left, bytes);
    this.#leftBytes[cell] = left - taken;
    const isWhole = left - taken < BYTE;
    if (isWhole) {
      this.#fetchers[cell] = 0;
      this.#give(node, piece);
    }
    return { taken, isWhole };
  }

  /**
   * What `to` fetches from `from` next: first what it began, then the rarest; at last it helps to
   * fetch what is on its way already, blocks of one piece from several. -1 if there is nothing.
   */
  pick(from: number, to: number): number {
    const [atFrom, atTo] = [from * this.#pieceCount, to * this.#pieceCount];
    const byRarity = this.countOf(to) >= RANDOM_PIECES;
    let [begun, rarest, helped] = [NONE, NONE, NONE];
    let [leastLeft, leastRank, mostLeft] = [this.#pieceLengthBytes, Number.POSITIVE_INFINITY, 0];
    for (let piece = 0; piece < this.#pieceCount; piece += 1) {
      if (this.#have[atTo + piece] === 1 || this.#have[atFrom + piece] === 0) continue;
      const left = this.#leftBytes[atTo + piece] ?? 0;
      if ((this.#fetchers[atTo + piece] ?? 0) > 0) {
        if (left > mostLeft) [helped, mostLeft] = [piece, left];
      } else if (left < leastLeft) {
        [begun, leastLeft] = [piece, left];
      } else if (begun === NONE) {
        const copies = byRarity ? (this.#copies[piece] ?? 0) : 0;
        const rank = copies * 2 ** 20 + (this.#lot[atTo + piece] ?? 0);
        if (rank < leastRank) [rarest, leastRank] = [piece, rank];
      }
    }
    return begun === NONE ? (rarest === NONE ? helped : rarest) : begun;
  }

  #give(node: number, piece: number): void {
    this.#have[node * this.#pieceCount + piece] = 1;
    this.#counts[node] = (this.#counts[node] ?? 0) + 1;
    this.#copies[piece] = (this.#copies[piece] ?? 0) + 1;
    for (let other = 0; other < this.#nodeCount; other += 1) {
      if (other === node) continue;
      const otherHas = this.has(other, piece);
      const link = otherHas ? other * this.#nodeCount + node : node * this.#nodeCount + other;
      this.#lacking[link] = (this.#lacking[link] ?? 0) + (otherHas ? -1 : 1);
    }
  }

  #take(node: number, piece: number): void {
    this.#have[node * this.#pieceCount + piece] = 0;
    this.#counts[node] = (this.#counts[node] ?? 0) - 1;
    this.#copies[piece] = (this.#copies[piece] ?? 0) - 1;
    for (let other = 0; other < this.#nodeCount; other += 1) {
      if (other === node) continue;
      const otherHas = this.has(other, piece);
      const link = otherHas ? other * this.#nodeCount + node : node * this.#nodeCount + other;
      this.#lacking[link] = (this.#lacking[link] ?? 0) + (otherHas ? 1 : -1);
    }
  }
}
