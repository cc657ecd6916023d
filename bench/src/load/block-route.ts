import { seededRng } from "@seedfleet/runtime";
import type { BlockRow, RequestPlan } from "./request-plan.ts";

/** Gives the next blocks of a connection, at least one and at most so many. It never ends. */
export type BlockRoute = (countMax: number) => BlockRow;

/** Block after block from `first` on, and behind the last one from the start again. */
export function routeInOrder(
  { blockCount }: Pick<RequestPlan, "blockCount">,
  first: number,
): BlockRoute {
  let next = first;
  return (countMax) => {
    const row = { first: next, count: Math.min(countMax, blockCount - next) };
    next = (next + row.count) % blockCount;
    return row;
  };
}

/** The blocks of one piece in order, then those of the next piece that is named. */
export function routeByPiece(
  requests: Pick<RequestPlan, "blocksOf">,
  pieces: readonly number[],
): BlockRoute {
  let at = 0;
  let taken = 0;
  return (countMax) => {
    const { first, count } = requests.blocksOf(pieces[at] ?? 0);
    const row = { first: first + taken, count: Math.min(countMax, count - taken) };
    taken += row.count;
    if (taken === count) {
      taken = 0;
      at = (at + 1) % pieces.length;
    }
    return row;
  };
}

/** Every piece once, in an order of chance. */
export function shuffledPieces(pieceCount: number, seed: number): readonly number[] {
  const rng = seededRng(seed);
  const pieces = Array.from({ length: pieceCount }, (_, piece) => piece);
  for (let left = pieceCount; left > 1; left -= 1) {
    const at = rng.below(left);
    const drawn = pieces[at] ?? 0;
    pieces[at] = pieces[left - 1] ?? 0;
    pieces[left - 1] = drawn;
  }
  return pieces;
}
