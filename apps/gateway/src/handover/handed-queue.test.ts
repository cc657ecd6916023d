import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import {
  HANDED_AGAIN_AFTER_MS,
  HANDED_DIAL_AFTER_MS,
  HANDED_LEECHERS_MAX,
  HANDED_TRIES_MAX,
  HandedQueue,
} from "./handed-queue.ts";
import type { Leecher } from "./leecher.ts";

const infoHash = infoHashFromBytes(new Uint8Array(20));
const MANY = 10_000;

function given(port: number): Leecher {
  return { infoHash, askedAs: infoHash, address: { host: "192.0.2.1", port } };
}

test("HandedQueue gives a leecher out once, when it had the time to come by itself", () => {
  const queue = new HandedQueue();
  queue.add([given(1), given(1), given(2)], 0);
  deepEqual(queue.takeDue(HANDED_DIAL_AFTER_MS - 1, MANY), []);
  deepEqual(queue.takeDue(HANDED_DIAL_AFTER_MS, 1), [given(1)]);
  queue.add([given(1)], HANDED_DIAL_AFTER_MS);
  deepEqual(queue.takeDue(MANY, MANY), [given(2)]);
  deepEqual(queue.takeDue(MANY, MANY), []);
});

test("HandedQueue has one that closes gone to again, and no more than so often", () => {
  const queue = new HandedQueue();
  queue.add([given(1)], 0);
  let nowMs = HANDED_DIAL_AFTER_MS;
  for (let tries = 1; tries < HANDED_TRIES_MAX; tries += 1) {
    deepEqual(queue.takeDue(nowMs, MANY), [given(1)]);
    equal(queue.settled(given(1), "peer-closed", nowMs), null);
    nowMs += HANDED_AGAIN_AFTER_MS;
    deepEqual(queue.takeDue(nowMs - 1, MANY), []);
  }
  deepEqual(queue.takeDue(nowMs, MANY), [given(1)]);
  equal(queue.settled(given(1), "peer-closed", nowMs), "refused");
  equal(queue.isEmpty, true);
});

const outcomes = [
  { reason: null, outcome: "reached" },
  { reason: "unreachable", outcome: "unreachable" },
  { reason: "torrent-other", outcome: "refused" },
  { reason: "gateway-full", outcome: "no-room" },
  { reason: "address-full", outcome: "no-room" },
] as const;

for (const { reason, outcome } of outcomes) {
  test(`HandedQueue is done with a leecher given ${reason}`, () => {
    const queue = new HandedQueue();
    queue.add([given(1)], 0);
    queue.takeDue(MANY, MANY);
    equal(queue.diallingCount, 1);
    equal(queue.settled(given(1), reason, MANY), outcome);
    deepEqual([queue.diallingCount, queue.isEmpty], [0, true]);
  });
}

test("HandedQueue forgets a leecher that came", () => {
  const queue = new HandedQueue();
  queue.add([given(1)], 0);
  queue.takeDue(MANY, MANY);
  queue.forget(given(1));
  deepEqual(queue.takeAll(), []);
});

test("HandedQueue gives back all that were not reached", () => {
  const queue = new HandedQueue();
  queue.add([given(1), given(2), given(3)], 0);
  queue.takeDue(HANDED_DIAL_AFTER_MS, 2);
  queue.settled(given(1), null, HANDED_DIAL_AFTER_MS);
  deepEqual(queue.takeAll(), [given(2), given(3)]);
  equal(queue.isEmpty, true);
});

test("HandedQueue given a flood keeps no more than its limit, and says how many it did not", () => {
  const queue = new HandedQueue();
  const flood = Array.from({ length: HANDED_LEECHERS_MAX + 10 }, (_, index) => given(index + 1));
  equal(queue.add(flood, 0), 10);
  equal(queue.takeDue(MANY, MANY).length, HANDED_LEECHERS_MAX);
  equal(queue.add([given(MANY)], 0), 1);
});
