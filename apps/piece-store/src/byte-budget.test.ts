import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import { ByteBudget } from "./byte-budget.ts";

test("ByteBudget gives in the order of asking, and too much only alone", async () => {
  const budget = new ByteBudget(100);
  const given: number[] = [];
  const takes = [60, 40, 500, 10].map(async (bytes, at) => {
    const taken = await budget.take(bytes);
    given.push(at);
    return taken;
  });
  await turn();
  deepEqual(given, [0, 1]);
  const [first, second, third] = takes;
  (await first)?.[Symbol.dispose]();
  await turn();
  deepEqual(given, [0, 1]);
  (await second)?.[Symbol.dispose]();
  await turn();
  deepEqual(given, [0, 1, 2]);
  (await third)?.[Symbol.dispose]();
  await turn();
  deepEqual(given, [0, 1, 2, 3]);
});
