import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "./virtual-clock.ts";

test("advance() runs due timers in the order of their times, each at its time", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const note = (name: string) => (): unknown => ran.push(`${name} at ${clock.nowMs()}`);
  clock.after(30, note("late"));
  clock.after(10, note("early"));
  clock.after(10, note("early too"));
  clock.every(15, note("every"));
  clock.advance(30);
  const order = ["early at 10", "early too at 10", "every at 15", "late at 30", "every at 30"];
  deepEqual(ran, order);
  equal(clock.nowMs(), 30);
});

test("advance() runs what a timer sets on the way, if it falls due too", () => {
  const clock = new VirtualClock();
  const ranAtMs: number[] = [];
  clock.after(5, () => clock.after(5, () => ranAtMs.push(clock.nowMs())));
  clock.advance(9);
  deepEqual(ranAtMs, []);
  clock.advance(1);
  deepEqual(ranAtMs, [10]);
});

test("a cancelled timer does not run, also when cancelled by one of the same time", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(5, () => cancelSecond());
  const cancelSecond = clock.after(5, () => ran.push("second"));
  const cancelEvery = clock.every(2, () => {
    ran.push("every");
    cancelEvery();
  });
  clock.advance(20);
  deepEqual(ran, ["every"]);
});
