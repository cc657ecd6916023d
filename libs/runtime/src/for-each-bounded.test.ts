import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { forEachBounded } from "./for-each-bounded.ts";

test("forEachBounded() does everything, so many at a time", async () => {
  const items = Array.from({ length: 20 }, (_, index) => index);
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await forEachBounded(items, 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
    done.push(item);
  });
  equal(most, 3);
  deepEqual(done, items);
});

test("forEachBounded() begins nothing after a failure, and ends what is under way", async () => {
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    await turn();
    if (item === 1) throw new Error("one");
    await turn();
    ended.push(item);
  };
  await rejects(forEachBounded([0, 1, 2, 3, 4], 3, work), { message: "one" });
  deepEqual(ended, [0, 2]);
});

test("forEachBounded() given nothing does nothing", async () => {
  await forEachBounded([], 3, () => Promise.reject(new Error("never")));
});
