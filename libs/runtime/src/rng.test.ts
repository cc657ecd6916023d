import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Rng, seededRng, systemRng } from "./rng.ts";

const draws = (rng: Rng, n: number, count: number): number[] =>
  Array.from({ length: count }, () => rng.below(n));

test("seededRng() gives the same numbers for one seed and others for another", () => {
  deepEqual(draws(seededRng(7), 1_000_000, 100), draws(seededRng(7), 1_000_000, 100));
  const first = [0, 1, 2, 2 ** 32, 2 ** 33].map((seed) => seededRng(seed).below(2 ** 32));
  equal(new Set(first).size, first.length);
});

test("below() stays from 0 to n - 1 for every n", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (n, seed) => {
      for (const value of [...draws(seededRng(seed), n, 4), systemRng.below(n)]) {
        ok(Number.isInteger(value) && value >= 0 && value < n);
      }
    }),
  );
});

// A plain remainder would give the lower third of this range two thirds of the draws.
for (const [name, rng] of [
  ["seededRng", seededRng(1)] as const,
  ["systemRng", systemRng] as const,
]) {
  test(`below() of ${name} is unbiased given a range that does not divide 2^32`, () => {
    const n = 3 * 2 ** 30;
    const low = draws(rng, n, 30_000).filter((value) => value < n / 3).length;
    ok(Math.abs(low - 10_000) < 600, `${low} of 30000 fell into the lower third`);
  });
}

test("below() refuses what is not a count", () => {
  for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) throws(() => systemRng.below(n));
});
