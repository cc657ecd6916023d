/** Chance, as `Rng` of `@seedfleet/runtime` gives it: an integer from 0 to `n` − 1. */
export interface Chance {
  below(n: number): number;
}

/** Priorities of pieces: 0 is not wanted, 7 comes first. */
export const PRIORITY_MAX = 7;
export const PRIORITY_DEFAULT = 4;

/** A piece that more peers have is common, and it does not matter how common. */
export const AVAILABILITY_RANKED_MAX = 63;

/** How a piece is looked for in the order. */
export type Search = {
  /** Whether pieces that no peer but seeds has are looked at. */
  readonly withUnheard: boolean;
  /** Whether the most common of a priority come first. */
  readonly fromCommon: boolean;
  /** Whether it does not matter how rare a piece is. */
  readonly anyRarity: boolean;
  /** How many pieces are looked at before it is given up. */
  readonly lookedMax: number;
};

/** Where a search ended that did not find a piece. */
export type NotFound = "none" | "gave-up";

/** From so many on it is quicker to put all pieces in order anew than each for itself. */
const MANY_PIECES = 1_024;

const RANKS = AVAILABILITY_RANKED_MAX + 1;
const NOWHERE = -1;

/** Numbers of a record, a power of two; the place comes first. */
const RECORD = 4;
const AVAILABILITY = 1;
const PRIORITY = 2;

/**
 * The pieces that may be begun, the most wanted first and the rarest of these, as one array with a
 * bucket for each priority and availability. A peer's `have` moves a piece over one border between
 * two buckets, so it costs the same whatever the number of pieces. A search begins anywhere in a
 * bucket, so that of equally rare pieces it finds any.
 */
export class RarityOrder {
  readonly #chance: Chance;
  /**
   * Of each piece `RECORD` numbers side by side, as they are needed together: its place in
   * `#order`, how many peers have it, and its priority.
   */
  readonly #records: Int32Array;
  /** Pieces, in order. */
  readonly #order: Int32Array;
  /** By bucket, where the next one begins. */
  readonly #ends: Int32Array;
  /** Whether availabilities were counted that the order does not show yet. */
  #isStale = false;

  /** All pieces are wanted alike, and nobody has any. */
  constructor(pieceCount: number, chance: Chance) {
    this.#chance = chance;
    this.#order = Int32Array.from({ length: pieceCount }, (_, piece) => piece);
    this.#records = new Int32Array(pieceCount * RECORD);
    for (let piece = 0; piece < pieceCount; piece += 1) {
      this.#records[piece * RECORD] = piece;
      this.#records[piece * RECORD + PRIORITY] = PRIORITY_DEFAULT;
    }
    this.#ends = new Int32Array(PRIORITY_MAX * RANKS);
    this.#ends.fill(pieceCount, (PRIORITY_MAX - PRIORITY_DEFAULT) * RANKS);
  }

  /** How many pieces are in the order. */
  get size(): number {
    return this.#ends[this.#ends.length - 1] ?? 0;
  }

  /** The piece at a place, from 0 to below `size`. */
  at(place: number): number {
    return this.#order[place] ?? NOWHERE;
  }

  has(piece: number): boolean {
    return this.#place(piece) !== NOWHERE;
  }

  priority(piece: number): number {
    return this.#records[piece * RECORD + PRIORITY] ?? 0;
  }

  /** How many peers have it. */
  availability(piece: number): number {
    return this.#records[piece * RECORD + AVAILABILITY] ?? 0;
  }

  /** Whether there is a piece that a peer has, or any at all. */
  hasAny(withUnheard: boolean): boolean {
    if (withUnheard) return this.size > 0;
    for (let priority = 1; priority <= PRIORITY_MAX; priority += 1) {
      const first = (PRIORITY_MAX - priority) * RANKS;
      if (this.#end(first + RANKS - 1) > this.#end(first)) return true;
    }
    return false;
  }

  /** The best piece that is accepted. */
  search(accept: (piece: number) => boolean, how: Search): number | NotFound {
    let left = how.lookedMax;
    for (let priority = PRIORITY_MAX; priority > 0; priority -= 1) {
      const first = (PRIORITY_MAX - priority) * RANKS + (how.withUnheard ? 0 : 1);
      const last = (PRIORITY_MAX - priority + 1) * RANKS - 1;
      if (this.#begin(first) === this.#end(last)) continue;
      const step = how.fromCommon ? -1 : 1;
      let bucket = how.fromCommon ? last : first;
      for (; bucket >= first && bucket <= last; bucket += step) {
        const begin = this.#begin(how.anyRarity ? first : bucket);
        const length = this.#end(how.anyRarity ? last : bucket) - begin;
        if (length === 0) continue;
        const from = this.#chance.below(length);
        for (let looked = 0; looked < length; looked += 1) {
          const piece = this.at(begin + ((from + looked) % length));
          if (accept(piece)) return piece;
          left -= 1;
          if (left === 0) return "gave-up";
        }
        if (how.anyRarity) break;
      }
    }
    return "none";
  }

  /** One peer more has the piece. */
  add(piece: number): void {
    const before = this.availability(piece);
    this.#records[piece * RECORD + AVAILABILITY] = before + 1;
    if (before < AVAILABILITY_RANKED_MAX && !this.#isStale && this.has(piece)) {
      this.#up(piece, this.#bucketOf(piece, before));
    }
  }

  /** One peer less has the piece. */
  subtract(piece: number): void {
    const before = this.availability(piece);
    this.#records[piece * RECORD + AVAILABILITY] = before - 1;
    if (before <= AVAILABILITY_RANKED_MAX && !this.#isStale && this.has(piece)) {
      this.#down(piece, this.#bucketOf(piece, before));
    }
  }

  /** A peer with these, so many, came (1) or went (-1). */
  count(pieces: Iterable<number>, many: number, change: 1 | -1): void {
    if (many >= MANY_PIECES) return this.addMany(pieces, change);
    for (const piece of pieces) {
      if (change === 1) this.add(piece);
      else this.subtract(piece);
    }
  }

  /**
   * A peer with many pieces came (1) or went (-1): they are counted now and put in order at once
   * when the order is next asked for, as each of them for itself would take longer.
   */
  addMany(pieces: Iterable<number>, change: 1 | -1): void {
    for (const piece of pieces)
      this.#records[piece * RECORD + AVAILABILITY] = this.availability(piece) + change;
    this.#isStale = true;
  }

  /** Puts in order what was only counted; to be called before places are asked for. */
  refresh(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const pieces = this.#order.slice(0, this.size);
    const next = new Int32Array(this.#ends.length + 1);
    for (const piece of pieces) {
      const bucket = this.#bucketOf(piece);
      next[bucket + 1] = (next[bucket + 1] ?? 0) + 1;
    }
    for (let bucket = 0; bucket < this.#ends.length; bucket += 1) {
      next[bucket + 1] = (next[bucket + 1] ?? 0) + (next[bucket] ?? 0);
      this.#ends[bucket] = next[bucket + 1] ?? 0;
    }
    for (const piece of pieces) {
      const bucket = this.#bucketOf(piece);
      const place = next[bucket] ?? 0;
      next[bucket] = place + 1;
      this.#order[place] = piece;
      this.#records[piece * RECORD] = place;
    }
  }

  /** Takes a piece out: it was begun, or is there. */
  remove(piece: number): void {
    if (!this.has(piece)) return;
    this.refresh();
    const last = this.#ends.length - 1;
    for (let bucket = this.#bucketOf(piece); bucket < last; bucket += 1) this.#up(piece, bucket);
    const end = this.#end(last) - 1;
    this.#swap(this.#place(piece), end);
    this.#ends[last] = end;
    this.#records[piece * RECORD] = NOWHERE;
  }

  /** Puts a piece in that is wanted and was out. */
  insert(piece: number): void {
    if (this.has(piece) || this.priority(piece) === 0) return;
    this.refresh();
    const last = this.#ends.length - 1;
    const end = this.#end(last);
    this.#order[end] = piece;
    this.#records[piece * RECORD] = end;
    this.#ends[last] = end + 1;
    const target = this.#bucketOf(piece);
    for (let bucket = last; bucket > target; bucket -= 1) this.#down(piece, bucket);
  }

  /** Sets how much a piece is wanted, from 0 to `PRIORITY_MAX`. */
  setPriority(piece: number, priority: number): void {
    const wasIn = this.has(piece);
    const wasUnwanted = this.priority(piece) === 0;
    this.remove(piece);
    this.#records[piece * RECORD + PRIORITY] = priority;
    if (wasIn || wasUnwanted) this.insert(piece);
  }

  #bucketOf(piece: number, availability = this.availability(piece)): number {
    const rank = Math.min(availability, AVAILABILITY_RANKED_MAX);
    return (PRIORITY_MAX - this.priority(piece)) * RANKS + rank;
  }

  /** From a bucket to the next: it becomes the first there. */
  #up(piece: number, bucket: number): void {
    const border = this.#end(bucket) - 1;
    this.#swap(this.#place(piece), border);
    this.#ends[bucket] = border;
  }

  /** From a bucket to the one before: it becomes the last there. */
  #down(piece: number, bucket: number): void {
    const border = this.#end(bucket - 1);
    this.#swap(this.#place(piece), border);
    this.#ends[bucket - 1] = border + 1;
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    const [ofA, ofB] = [this.at(a), this.at(b)];
    this.#order[a] = ofB;
    this.#order[b] = ofA;
    this.#records[ofB * RECORD] = a;
    this.#records[ofA * RECORD] = b;
  }

  #place(piece: number): number {
    return this.#records[piece * RECORD] ?? NOWHERE;
  }

  #begin(bucket: number): number {
    return bucket === 0 ? 0 : this.#end(bucket - 1);
  }

  #end(bucket: number): number {
    return this.#ends[bucket] ?? 0;
  }
}
