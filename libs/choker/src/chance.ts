/** A draw, and what the next one is drawn from: chance is a part of the state, like time. */
export type Draw = { readonly value: number; readonly chance: number };

/** Draws an integer from 0 to `below` - 1 (mulberry32); not for secrets. */
export function draw(chance: number, below: number): Draw {
  const next = (chance + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(next ^ (next >>> 15), next | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  const word = (mixed ^ (mixed >>> 14)) >>> 0;
  return { value: Math.floor((word / 2 ** 32) * below), chance: next };
}
