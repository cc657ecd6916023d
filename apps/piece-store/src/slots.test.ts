import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import { Slots } from "./slots.ts";

test("Slots gives so many at once, then in the order of asking", async () => {
  const slots = new Slots({ atOnceMax: 2, waitingMax: 10 });
  const order: number[] = [];
  const work = async (name: number): Promise<void> => {
    using _slot = await slots.take();
    order.push(name);
    equal(slots.taken, 2);
    await turn();
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(work));
  deepEqual(order, [1, 2, 3, 4, 5, 6]);
  deepEqual([slots.taken, slots.waiting], [0, 0]);
});

test("Slots refuses whoever would have to wait behind too many", async () => {
  const slots = new Slots({ atOnceMax: 1, waitingMax: 1 });
  const first = await slots.take();
  const second = slots.take();
  await rejects(slots.take(), { detail: { code: "store-busy", waitingMax: 1 } });
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  equal(slots.taken, 0);
});

test("Slots lets go of whoever gives up waiting", async () => {
  const slots = new Slots({ atOnceMax: 1, waitingMax: 1 });
  const first = await slots.take();
  const abort = new AbortController();
  const waiting = slots.take(abort.signal);
  abort.abort();
  await rejects(waiting, { name: "AbortError" });
  await rejects(slots.take(abort.signal), { name: "AbortError" });
  equal(slots.waiting, 0);
  first[Symbol.dispose]();
  equal(slots.taken, 0);
});
