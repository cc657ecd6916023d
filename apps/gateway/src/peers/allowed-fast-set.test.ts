import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { AllowedFastSet } from "./allowed-fast-set.ts";

const block = (piece: number, length = 100) => ({ piece, begin: 0, length });

test("AllowedFastSet takes blocks of its pieces until each byte was had twice", () => {
  const set = new AllowedFastSet([3, 5], 100);
  deepEqual([...set.pieces], [3, 5]);
  equal(set.takes(block(4)), false);
  for (let time = 0; time < 4; time += 1) equal(set.takes(block(3)), true);
  equal(set.takes(block(5, 1)), false);
});

test("AllowedFastSet takes what is left, and does not count what it refused", () => {
  const set = new AllowedFastSet([0], 100);
  equal(set.takes(block(0, 150)), true);
  equal(set.takes(block(0, 51)), false);
  equal(set.takes(block(1, 1)), false);
  equal(set.takes(block(0, 50)), true);
  equal(set.takes(block(0, 1)), false);
});

test("AllowedFastSet of no pieces takes nothing", () => {
  equal(new AllowedFastSet([], 100).takes(block(0)), false);
});
