import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { cutAnywhere, mutate } from "./mutate.ts";

const SAID = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 251));
const SEEDS = Array.from({ length: 500 }, (_, seed) => seed);

test("mutate() makes the same of the same seed, mostly another text, and keeps the given", () => {
  const before = Buffer.from(SAID);
  const all = SEEDS.map((seed) => mutate(SAID, seededRng(seed)));
  deepEqual(
    all,
    SEEDS.map((seed) => mutate(SAID, seededRng(seed))),
  );
  deepEqual(SAID, before);
  ok(all.filter((each) => !each.equals(SAID)).length > 0.95 * SEEDS.length);
  notDeepEqual(new Set(all.map(({ length }) => length)).size, 1);
});

test("mutate() takes a text of any length", () => {
  for (const length of [0, 1, 2, 3, 4, 5]) {
    for (const seed of SEEDS) ok(mutate(SAID.subarray(0, length), seededRng(seed)).length < 1_000);
  }
});

test("cutAnywhere() loses nothing, and cuts elsewhere by another seed", () => {
  const cuts = SEEDS.map((seed) => cutAnywhere(SAID, seededRng(seed)));
  for (const reads of cuts) {
    ok(Buffer.concat(reads).equals(SAID));
    ok(reads.every(({ length }) => length > 0));
  }
  ok(new Set(cuts.map(({ length }) => length)).size > 10);
  equal(cutAnywhere(Buffer.of(), seededRng(1)).length, 0);
});
