import { deepEqual, notDeepEqual } from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { type BlockRoute, routeByPiece, routeInOrder, shuffledPieces } from "./block-route.ts";
import { RequestPlan } from "./request-plan.ts";

/** Pieces of two blocks, the third of one and a rest. */
const REQUESTS = new RequestPlan({
  pieceLengthBytes: 2 * BLOCK_BYTES,
  sizeBytes: 5 * BLOCK_BYTES + 100,
});

/** The numbers of the next blocks, taken so many at a time. */
function taken(route: BlockRoute, counts: readonly number[]): readonly number[] {
  return counts.flatMap((countMax) => {
    const { first, count } = route(countMax);
    return Array.from({ length: count }, (_, at) => first + at);
  });
}

test("routeInOrder() goes on from the start behind the last block", () => {
  deepEqual(taken(routeInOrder(REQUESTS, 3), [2, 64, 2, 9]), [3, 4, 5, 0, 1, 2, 3, 4, 5]);
});

test("routeByPiece() takes each piece whole, in the order that is given, and begins anew", () => {
  const inTurn = [4, 5, 0, 1, 4, 5];
  deepEqual(taken(routeByPiece(REQUESTS, [2, 0]), [64, 64, 64]), inTurn);
  deepEqual(taken(routeByPiece(REQUESTS, [2, 0]), [1, 1, 1, 1, 1, 1]), inTurn);
});

test("shuffledPieces() has every piece once, by its seed", () => {
  const pieces = shuffledPieces(100, 7);
  deepEqual(
    pieces.toSorted((a, b) => a - b),
    Array.from({ length: 100 }, (_, piece) => piece),
  );
  deepEqual(shuffledPieces(100, 7), pieces);
  notDeepEqual(shuffledPieces(100, 8), pieces);
});
