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

const RANKS = AVAILABILITY_RANKED_MAX + 1;
const BUCKETS = PRIORITY_MAX * RANKS;
const NOWHERE = -1;

/** Of each piece two numbers side by side, as they are needed together: its place, its state. */
const RECORD = 2;
const STATE = 1;

/** A state: from bit 0 the bucket that the piece is in, then its priority, then who has it. */
const BUCKET_MASK = 0x1ff;
const PRIORITY_BIT = 9;
const AVAILABILITY_BIT = 12;
const ONE_PEER: number = 1 << AVAILABILITY_BIT;

/** From one changed piece in so many on it is quicker to sort them all. */
const PIECES_PER_CHANGED = 16;
const CHANGED_MIN = 8;

/**
 * The pieces that may be begun, the most wanted first and the rarest of these, as one array with a
 * bucket for each priority and availability. What changes is only noted until the order is looked
 * at: then a piece moves over the borders between its bucket and another, which costs the same
 * whatever the number of pieces. A search begins anywhere in a bucket, so that of equally rare
 * pieces it finds any.
 */
export class RarityOrder {
  readonly #chance: Chance;
  readonly #records: Int32Array;
  /** Pieces, in order. */
  readonly #order: Int32Array;
  /** By bucket, where the next one begins. */
  readonly #ends: Int32Array;
  /** Every piece that belongs into another bucket than it is in, unless there are too many. */
  readonly #changed: Int32Array;
  #changedCount = 0;
  #areTooMany = false;

  /** All pieces are wanted alike, and nobody has any. */
  constructor(pieceCount: number, chance: Chance) {
    this.#chance = chance;
    this.#order = Int32Array.from({ length: pieceCount }, (_, piece) => piece);
    this.#records = new Int32Array(pieceCount * RECORD);
    this.#changed = new Int32Array(CHANGED_MIN + Math.floor(pieceCount / PIECES_PER_CHANGED));
    const wanted = PRIORITY_DEFAULT << PRIORITY_BIT;
    const bucket = bucketOf(wanted);
    for (let piece = 0; piece < pieceCount; piece += 1) {
      this.#records[piece * RECORD] = piece;
      this.#records[piece * RECORD + STATE] = wanted | bucket;
    }
    this.#ends = new Int32Array(BUCKETS).fill(pieceCount, bucket);
  }

  get pieceCount(): number {
    return this.#order.length;
  }

  /** How many pieces are in the order. */
  get size(): number {
    return this.#end(BUCKETS - 1);
  }

  /** The piece at a place, from 0 to below `size`. */
  at(place: number): number {
    return this.#order[place] ?? NOWHERE;
  }

  has(piece: number): boolean {
    return this.#place(piece) !== NOWHERE;
  }

  priority(piece: number): number {
    return priorityOf(this.#state(piece));
  }

  /** How many peers have it. */
  availability(piece: number): number {
    return this.#state(piece) >>> AVAILABILITY_BIT;
  }

  /** How good it is to begin with a piece, 0 being the best; of what is wanted only. */
  rank(piece: number): number {
    return bucketOf(this.#state(piece));
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

  /** One peer more has the piece (1), or one less (-1). */
  count(piece: number, change: 1 | -1): void {
    this.#setState(piece, this.#state(piece) + change * ONE_PEER);
  }

  /** Sets how much a piece is wanted, from 0 to `PRIORITY_MAX`. */
  setPriority(piece: number, priority: number): void {
    if (priority === 0) this.remove(piece);
    const before = this.#state(piece);
    this.#setState(piece, before + ((priority - priorityOf(before)) << PRIORITY_BIT));
    if (priorityOf(before) === 0) this.insert(piece);
  }

  /** Puts in order what changed; to be called before places are asked for. */
  refresh(): void {
    if (this.#areTooMany) this.#sort();
    else for (let at = 0; at < this.#changedCount; at += 1) this.#move(this.#changed[at] ?? 0);
    this.#areTooMany = false;
    this.#changedCount = 0;
  }

  /** Takes a piece out: it was begun, or is there. */
  remove(piece: number): void {
    if (!this.has(piece)) return;
    this.#moveTo(piece, BUCKETS - 1);
    const end = this.size - 1;
    this.#swap(this.#place(piece), end);
    this.#ends[BUCKETS - 1] = end;
    this.#records[piece * RECORD] = NOWHERE;
  }

  /** Puts a piece in that is wanted and was out. */
  insert(piece: number): void {
    if (this.has(piece) || this.priority(piece) === 0) return;
    const end = this.size;
    this.#order[end] = piece;
    this.#records[piece * RECORD] = end;
    this.#ends[BUCKETS - 1] = end + 1;
    this.#setBucket(piece, BUCKETS - 1);
    this.#move(piece);
  }

  #setState(piece: number, state: number): void {
    const before = this.#state(piece);
    this.#records[piece * RECORD + STATE] = state;
    const bucket = state & BUCKET_MASK;
    // Whatever belonged elsewhere before is noted already.
    if (this.#areTooMany || bucketOf(state) === bucket || bucketOf(before) !== bucket) return;
    if (!this.has(piece)) return;
    this.#areTooMany = this.#changedCount === this.#changed.length;
    if (this.#areTooMany) return;
    this.#changed[this.#changedCount] = piece;
    this.#changedCount += 1;
  }

  /** To where it belongs. */
  #move(piece: number): void {
    if (this.has(piece)) this.#moveTo(piece, bucketOf(this.#state(piece)));
  }

  #moveTo(piece: number, target: number): void {
    const from = this.#state(piece) & BUCKET_MASK;
    if (from === target) return;
    for (let bucket = from; bucket < target; bucket += 1) this.#up(piece, bucket);
    for (let bucket = from; bucket > target; bucket -= 1) this.#down(piece, bucket);
    this.#setBucket(piece, target);
  }

  /** Puts every piece into the bucket where it belongs (a counting sort). */
  #sort(): void {
    const pieces = this.#order.slice(0, this.size);
    const ends = this.#ends.fill(0);
    for (const piece of pieces) {
      const bucket = bucketOf(this.#state(piece));
      ends[bucket] = (ends[bucket] ?? 0) + 1;
    }
    for (let bucket = 1; bucket < BUCKETS; bucket += 1) {
      ends[bucket] = this.#end(bucket) + this.#end(bucket - 1);
    }
    const next = Int32Array.from(ends, (_, bucket) => this.#begin(bucket));
    for (const piece of pieces) {
      const bucket = bucketOf(this.#state(piece));
      const place = next[bucket] ?? 0;
      next[bucket] = place + 1;
      this.#order[place] = piece;
      this.#records[piece * RECORD] = place;
      this.#setBucket(piece, bucket);
    }
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

  #state(piece: number): number {
    return this.#records[piece * RECORD + STATE] ?? 0;
  }

  #setBucket(piece: number, bucket: number): void {
    this.#records[piece * RECORD + STATE] = (this.#state(piece) & ~BUCKET_MASK) | bucket;
  }

  #begin(bucket: number): number {
    return bucket === 0 ? 0 : this.#end(bucket - 1);
  }

  #end(bucket: number): number {
    return this.#ends[bucket] ?? 0;
  }
}

function priorityOf(state: number): number {
  return (state >>> PRIORITY_BIT) & PRIORITY_MAX;
}

/** Where a piece of that state belongs, as far as it is wanted. */
function bucketOf(state: number): number {
  const rank = Math.min(state >>> AVAILABILITY_BIT, AVAILABILITY_RANKED_MAX);
  return (PRIORITY_MAX - priorityOf(state)) * RANKS + rank;
}
