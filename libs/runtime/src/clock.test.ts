import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type Clock, delay, systemClock } from "./clock.ts";

test("systemClock never steps back and knows the year", () => {
  const first = systemClock.nowMs();
  ok(systemClock.nowMs() >= first);
  ok(Math.abs(first - Date.now()) < 60_000);
});

test("delay() resolves when its time comes", async () => {
  const { clock, asked, fire } = givenClock();
  const waiting = delay(clock, 250);
  deepEqual(asked, [250]);
  fire();
  equal(await waiting, undefined);
});

test("delay() given a signal resolves as soon as it aborts, and stops its timer", async () => {
  const { clock, cancelled } = givenClock();
  const abort = new AbortController();
  const waiting = delay(clock, 250, abort.signal);
  abort.abort();
  await waiting;
  equal(cancelled(), true);
  await delay(clock, 250, abort.signal);
});

function givenClock(): {
  readonly clock: Clock;
  readonly asked: readonly number[];
  readonly fire: () => void;
  readonly cancelled: () => boolean;
} {
  const asked: number[] = [];
  let due = (): void => {};
  let cancelled = false;
  const after: Clock["after"] = (delayMs, run) => {
    asked.push(delayMs);
    due = run;
    return () => {
      cancelled = true;
    };
  };
  const clock = { nowMs: () => 0, after, every: after };
  return { clock, asked, fire: () => due(), cancelled: () => cancelled };
}
