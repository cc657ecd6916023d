import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";

const UINT32_VALUES = 2 ** 32;

/** Filled at once, because a call to the system costs more than the bytes. */
const POOL_WORDS = 1_024;

/** Chance as a port, so that a simulation replays from its seed. */
export interface Rng {
  /** An integer from 0 to `n` − 1, each as likely as the others. `n` is from 1 to 2³². */
  below(n: number): number;
}

/** The same numbers for the same seed, on every machine. Not for secrets. */
export function seededRng(seed: number): Rng {
  return rngOf(sfc32(seed));
}

/** The machine's own randomness; nobody outside can foretell it. */
export const systemRng: Rng = rngOf(pooledWords());

/** `nextWord` gives unsigned 32-bit integers. */
function rngOf(nextWord: () => number): Rng {
  return {
    below(n) {
      assert(Number.isInteger(n) && n >= 1 && n <= UINT32_VALUES, `cannot choose below ${n}`);
      // Words past the last whole multiple of n would favour the small numbers: draw again.
      const wordsMax = UINT32_VALUES - (UINT32_VALUES % n);
      let word = nextWord();
      while (word >= wordsMax) word = nextWord();
      return word % n;
    },
  };
}

/** Chris Doty-Humphrey's small fast chaotic generator (PractRand), 32-bit variant. */
function sfc32(seed: number): () => number {
  let [a, b, c, counter] = [0, Math.trunc(seed / UINT32_VALUES) | 0, seed | 0, 1];
  const next = (): number => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };
  // Twelve rounds mix the seed through, as the author prescribes.
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

function pooledWords(): () => number {
  const pool = new Uint32Array(POOL_WORDS);
  let used = POOL_WORDS;
  return () => {
    if (used === POOL_WORDS) {
      randomFillSync(pool);
      used = 0;
    }
    const word = pool[used] ?? 0;
    used += 1;
    return word;
  };
}
