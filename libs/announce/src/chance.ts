/** Chance, as `Rng` of `@seedfleet/runtime` gives it: an integer from 0 to `n` − 1. */
export interface Chance {
  below(n: number): number;
}
