import { QuickChance } from "./quick-chance.ts";
import type { Chance } from "./swarm-peer.ts";

const WORD_BYTES = 4;
const WORD_BITS = 32;
const MARKS_AT_FIRST = 128;

/**
 * Chooses positions out of 0 to `total` − 1, each ordered set of them as likely as any, without
 * touching what they are of. A position is marked once it is chosen or must not be.
 */
export class Sampler {
  readonly #chance: QuickChance;
  /** A bit for each position. */
  #marks = new Int32Array(MARKS_AT_FIRST);
  #candidates = new Int32Array();
  #hidden = 0;
  #total = 0;
  /** The first `count` are what was chosen last. */
  chosen: Int32Array = new Int32Array();
  count = 0;

  constructor(chance: Chance) {
    this.#chance = new QuickChance(chance);
  }

  get bytes(): number {
    const words = this.#marks.length + this.#candidates.length + this.chosen.length;
    return words * WORD_BYTES;
  }

  /** An integer from 0 to `n` − 1. */
  below(n: number): number {
    return this.#chance.below(n);
  }

  /** Begins anew, with `total` positions. */
  begin(total: number): void {
    this.#total = total;
    this.#hidden = 0;
    this.count = 0;
    const words = Math.ceil(total / WORD_BITS);
    if (words > this.#marks.length) this.#marks = new Int32Array(powerOfTwo(words));
  }

  /** Before `choose`: this position must not be chosen. */
  hide(position: number): void {
    if (!this.#mark(position)) return;
    this.#reserve(this.#hidden + 1);
    this.chosen[this.#hidden] = position;
    this.#hidden += 1;
  }

  /** Chooses up to `wanted` of those not hidden. */
  choose(wanted: number): void {
    const hidden = this.#hidden;
    const count = Math.min(wanted, this.#total - hidden);
    this.#reserve(hidden + count);
    // Half of them hidden or chosen, a blind draw fails every second time.
    if (this.#total > 2 * (hidden + count)) this.#drawBlind(hidden, hidden + count);
    else this.#drawListed(hidden, hidden + count);
    // What is marked is unmarked, for the next time.
    const last = hidden + count;
    for (let each = 0; each < last; each += 1) this.#marks[(this.chosen[each] ?? 0) >>> 5] = 0;
    this.count = count;
    if (hidden > 0) this.chosen.copyWithin(0, hidden, last);
  }

  /** Draws until it has enough that are not marked yet. */
  #drawBlind(from: number, to: number): void {
    const marks = this.#marks;
    const chosen = this.chosen;
    const total = this.#total;
    for (let each = from; each < to; ) {
      const position = this.#chance.below(total);
      const word = marks[position >>> 5] ?? 0;
      const bit = 1 << (position & 31);
      if ((word & bit) !== 0) continue;
      marks[position >>> 5] = word | bit;
      chosen[each] = position;
      each += 1;
    }
  }

  /** Lists all that are not hidden, then shuffles them as far as wanted (Fisher and Yates). */
  #drawListed(from: number, to: number): void {
    const candidates = this.#candidates;
    let left = 0;
    for (let position = 0; position < this.#total; position += 1) {
      if (((this.#marks[position >>> 5] ?? 0) & (1 << (position & 31))) !== 0) continue;
      candidates[left] = position;
      left += 1;
    }
    for (let each = from; each < to; each += 1) {
      const at = this.#chance.below(left);
      left -= 1;
      this.chosen[each] = candidates[at] ?? 0;
      candidates[at] = candidates[left] ?? 0;
    }
  }

  #mark(position: number): boolean {
    const word = this.#marks[position >>> 5] ?? 0;
    const bit = 1 << (position & 31);
    this.#marks[position >>> 5] = word | bit;
    return (word & bit) === 0;
  }

  #reserve(positions: number): void {
    if (positions <= this.chosen.length) return;
    const length = powerOfTwo(positions);
    const chosen = new Int32Array(length);
    chosen.set(this.chosen);
    this.chosen = chosen;
    this.#candidates = new Int32Array(2 * length);
  }
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
