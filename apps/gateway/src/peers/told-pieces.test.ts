import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { ToldPieces } from "./told-pieces.ts";

test("ToldPieces tells single pieces once, and all others when all are told", () => {
  const told = ToldPieces.none(5);
  deepEqual([told.isAll, told.has(1)], [false, false]);
  deepEqual(told.tell([1, 3, 1, 9]), [1, 3]);
  deepEqual(told.tell([3]), []);
  deepEqual([told.has(1), told.has(2)], [true, false]);
  deepEqual(told.tell("all"), [0, 2, 4]);
  ok(told.isAll);
  equal(told.has(2), true);
  deepEqual(told.tell("all"), []);
});

test("ToldPieces tells the last piece with the one before", () => {
  const told = ToldPieces.none(4);
  deepEqual(told.tell([2]), [2]);
  deepEqual(told.tell([0]), [0]);
  deepEqual(told.tell([1]), [1, 3]);
  ok(told.isAll);
});

test("ToldPieces of who knows all has nothing to tell", () => {
  deepEqual(ToldPieces.all().tell("all"), []);
  deepEqual(ToldPieces.all().tell([0]), []);
});
