import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { DeliveryQueue } from "./delivery-queue.ts";

test("add() never runs a task on the caller's stack, and keeps order", async () => {
  const queue = new DeliveryQueue();
  const ran: string[] = [];
  queue.add(() => {
    queue.add(() => ran.push("third"));
    ran.push("first");
  });
  queue.add(() => ran.push("second"));
  deepEqual(ran, []);
  await queue.caughtUp();
  deepEqual(ran, ["first", "second"]);
  await queue.caughtUp();
  deepEqual(ran, ["first", "second", "third"]);
});

test("tasks that add tasks for ever leave the event loop its turns", async () => {
  const queue = new DeliveryQueue();
  let turns = 0;
  let running = true;
  const again = (): void => {
    if (running) queue.add(again);
  };
  again();
  while (turns < 3) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  running = false;
  await queue.caughtUp();
  ok(turns === 3);
});
