import assert from "node:assert/strict";
import { seededRng } from "@seedfleet/runtime";

/** So many numbers below `total`, none twice, in an order of chance that the seed decides. */
export function drawSamples(total: number, count: number, seed: number): readonly number[] {
  assert(count <= total);
  const rng = seededRng(seed);
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(rng.below(total));
  return [...drawn];
}
