import type { Chance } from "./swarm-peer.ts";

const UINT32_VALUES = 2 ** 32;
const PER_UINT32 = 2 ** -32;

/** Rounds that mix the seed through, as the author of the generator prescribes. */
const FIRST_ROUNDS = 12;

/**
 * Many choices from a few of the source it is given: Chris Doty-Humphrey's small fast chaotic
 * generator, without a check and without a division for each. A choice is off by 2⁻³² `n` at most.
 */
export class QuickChance {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(chance: Chance) {
    this.#a = chance.below(UINT32_VALUES) | 0;
    this.#b = chance.below(UINT32_VALUES) | 0;
    this.#c = chance.below(UINT32_VALUES) | 0;
    for (let round = 0; round < FIRST_ROUNDS; round += 1) this.below(1);
  }

  below(n: number): number {
    const word = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return Math.floor((word >>> 0) * n * PER_UINT32);
  }
}
