/**
 * Pieces in the order of how many copies there are of each, kept in order as copies come and go:
 * each step is a swap with the border of its bucket, so it costs the same however many pieces
 * there are. A bucket's pieces are in no order of their own.
 */
export class PiecesByCopies {
  readonly #copies: Uint32Array;
  readonly #order: Uint32Array;
  /** Where each piece is in the order. */
  readonly #places: Uint32Array;
  /** Where the pieces with so many copies begin; a bucket past the end has none. */
  readonly #starts: number[] = [0];

  constructor(pieceCount: number) {
    this.#copies = new Uint32Array(pieceCount);
    this.#order = Uint32Array.from({ length: pieceCount }, (_, piece) => piece);
    this.#places = this.#order.slice();
  }

  get pieceCount(): number {
    return this.#copies.length;
  }

  copiesOf(piece: number): number {
    return this.#copies[piece] ?? 0;
  }

  add(piece: number): void {
    const copies = this.copiesOf(piece);
    const last = this.#startOf(copies + 1) - 1;
    this.#move(piece, last);
    this.#starts[copies + 1] = last;
    this.#copies[piece] = copies + 1;
  }

  remove(piece: number): void {
    const copies = this.copiesOf(piece);
    const first = this.#startOf(copies);
    this.#move(piece, first);
    this.#starts[copies] = first + 1;
    this.#copies[piece] = copies - 1;
  }

  /**
   * One of the rarest pieces that are wanted, or null if none is. `chance`, from 0 to below 1, says
   * where in a bucket to begin. What is not wanted and rarer than it is passed over one by one.
   */
  rarest(isWanted: (piece: number) => boolean, chance: number): number | null {
    for (let copies = 0; this.#startOf(copies) < this.pieceCount; copies += 1) {
      const [start, end] = [this.#startOf(copies), this.#startOf(copies + 1)];
      const first = start + Math.floor(chance * (end - start));
      for (let at = first; at < end; at += 1) if (isWanted(this.#at(at))) return this.#at(at);
      for (let at = start; at < first; at += 1) if (isWanted(this.#at(at))) return this.#at(at);
    }
    return null;
  }

  #startOf(copies: number): number {
    return this.#starts[copies] ?? this.pieceCount;
  }

  #at(place: number): number {
    return this.#order[place] ?? 0;
  }

  #move(piece: number, to: number): void {
    const from = this.#places[piece] ?? 0;
    const other = this.#at(to);
    this.#order[from] = other;
    this.#places[other] = from;
    this.#order[to] = piece;
    this.#places[piece] = to;
  }
}
