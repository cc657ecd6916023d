import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Turns } from "./managed-turns.ts";

test("Turns gives so many at once, the others after them in their order", async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const work = async (index: number): Promise<void> => {
    begun.push(index);
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
  };
  const order = [0, 1, 2, 3, 4, 5, 6];
  await Promise.all(order.map((index) => turns.take(() => work(index))));
  deepEqual({ begun, most, isIdle: turns.isIdle }, { begun: order, most: 2, isIdle: true });
});

test("Turns goes on after a failure", async () => {
  const turns = new Turns(1);
  const failing = turns.take(() => Promise.reject(new Error("no")));
  const next = turns.take(() => Promise.resolve("yes"));
  await rejects(failing, { message: "no" });
  equal(await next, "yes");
});
