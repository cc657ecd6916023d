import type { Chance } from "./swarm-peer.ts";

const FINAL_ROUNDS = 3;
const UINT32_VALUES = 2 ** 32;

export type KeyedHashShape = {
  /** How many words each key has. */
  readonly words: number;
  /** The bits of the last word that belong to the key. */
  readonly lastMask: number;
};

/**
 * HalfSipHash-1-3 of keys of one length, without the length. Info hashes and endpoints are chosen
 * by strangers, who must not be able to choose some that collide.
 */
export class KeyedHash {
  readonly #key0: number;
  readonly #key1: number;
  readonly #last: number;
  readonly #lastMask: number;

  constructor({ words, lastMask }: KeyedHashShape, chance: Chance) {
    this.#key0 = chance.below(UINT32_VALUES) | 0;
    this.#key1 = chance.below(UINT32_VALUES) | 0;
    this.#last = words - 1;
    this.#lastMask = lastMask;
  }

  /** 32 bits, signed, of the key that begins at `words[at]`. */
  of(words: Int32Array, at: number): number {
    const last = this.#last;
    const rounds = last + 1 + FINAL_ROUNDS;
    let v0 = this.#key0;
    let v1 = this.#key1;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    for (let round = 0; round < rounds; round += 1) {
      let word = 0;
      if (round < last) word = words[at + round] ?? 0;
      else if (round === last) word = (words[at + round] ?? 0) & this.#lastMask;
      else if (round === last + 1) v2 ^= 0xff;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return v1 ^ v3;
  }
}
