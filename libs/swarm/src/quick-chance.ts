import type { Chance } from "./swarm-peer.ts";

const UINT32_VALUES = 2 ** 32;
const PER_UINT32 = 2 ** -32;

/** Made in one go, which is several times as fast as one by one. */
const POOL_WORDS = 256;

/** Rounds that mix the seed through, as the author of the generator prescribes. */
const FIRST_ROUNDS = 12;

/**
 * Many choices from a few of the source it is given: Chris Doty-Humphrey's small fast chaotic
 * generator, without a check and without a division for each. A choice is off by 2⁻³² `n` at most.
 */
export class QuickChance {
  readonly #pool = new Int32Array(POOL_WORDS);
  #used = FIRST_ROUNDS;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(chance: Chance) {
    this.#a = chance.below(UINT32_VALUES) | 0;
    this.#b = chance.below(UINT32_VALUES) | 0;
    this.#c = chance.below(UINT32_VALUES) | 0;
    this.#fill();
  }

  below(n: number): number {
    if (this.#used === POOL_WORDS) {
      this.#fill();
      this.#used = 0;
    }
    const word = this.#pool[this.#used] ?? 0;
    this.#used += 1;
    // Cut off by the operator, not by `Math.floor`: that is twice as fast.
    return ((word >>> 0) * n * PER_UINT32) | 0;
  }

  #fill(): void {
    const pool = this.#pool;
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let counter = this.#counter;
    for (let each = 0; each < POOL_WORDS; each += 1) {
      const word = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + word) | 0;
      pool[each] = word;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }
}
