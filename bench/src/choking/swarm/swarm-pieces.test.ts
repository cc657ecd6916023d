import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { SwarmPieces } from "./swarm-pieces.ts";

const [GATEWAY, A, B] = [0, 1, 2];

/** A gateway with all of eight pieces of 100 bytes, and two leechers. */
function givenPieces(): SwarmPieces {
  const pieces = new SwarmPieces(3, { pieceCount: 8, pieceLengthBytes: 100 }, seededRng(1));
  pieces.fill(GATEWAY);
  return pieces;
}

test("SwarmPieces counts what one has and the other lacks, as they come and go", () => {
  const pieces = givenPieces();
  equal(pieces.lacking(GATEWAY, A), 8);
  pieces.add(A, 3, 100);
  deepEqual([pieces.lacking(GATEWAY, A), pieces.lacking(A, B), pieces.lacking(B, A)], [7, 1, 0]);
  pieces.add(B, 3, 100);
  equal(pieces.lacking(A, B), 0);
  pieces.remove(A);
  deepEqual([pieces.countOf(A), pieces.lacking(GATEWAY, A), pieces.lacking(B, A)], [0, 8, 1]);
});

test("pick() finishes what was begun, then takes the rarest, then helps with the rest", () => {
  const pieces = givenPieces();
  // Four that both have make rarity count; of the others one alone is nowhere but at the gateway.
  for (const piece of [0, 1, 2, 3]) pieces.add(A, piece, 100);
  for (const piece of [4, 5, 6]) pieces.add(B, piece, 100);
  equal(pieces.pick(GATEWAY, A), 7);
  pieces.add(A, 5, 40);
  equal(pieces.pick(GATEWAY, A), 5);
  for (const piece of [4, 5, 6, 7]) pieces.fetch(A, piece, 1);
  pieces.add(A, 4, 10);
  pieces.add(A, 6, 20);
  equal(pieces.pick(GATEWAY, A), 7);
  equal(pieces.pick(B, A), 4);
});

test("pick() given nothing that is of use", () => {
  equal(givenPieces().pick(A, B), -1);
});
