import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { drawSamples } from "./draw-samples.ts";

test("drawSamples() draws none twice and none beyond, by its seed", () => {
  const drawn = drawSamples(50, 40, 1);
  equal(new Set(drawn).size, 40);
  ok(drawn.every((number) => number >= 0 && number < 50));
  deepEqual(drawSamples(50, 40, 1), drawn);
  notDeepEqual(drawSamples(50, 40, 2), drawn);
});

test("drawSamples() can draw all, and refuses more", () => {
  equal(drawSamples(5, 5, 3).length, 5);
  throws(() => drawSamples(5, 6, 3));
});
