import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { jittered } from "./interval.ts";

test("jittered() spreads clients over a fifth of the interval, evenly about it", () => {
  const rng = seededRng(5);
  const drawn = Array.from({ length: 10_000 }, () => jittered(1_800_000, rng));
  ok(Math.min(...drawn) >= 1_620 && Math.max(...drawn) <= 1_980);
  ok(new Set(drawn).size > 340);
  const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
  ok(Math.abs(mean - 1_800) < 5, String(mean));
});

test("jittered() leaves an interval of seconds as it is", () => {
  equal(jittered(5_000, seededRng(1)), 5);
  equal(jittered(1, seededRng(1)), 1);
});
