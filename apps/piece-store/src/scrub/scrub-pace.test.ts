import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { SCRUB_BEAT_MS, ScrubPace } from "./scrub-pace.ts";

const { signal } = new AbortController();

test("ScrubPace gives so many bytes a second, and saves nothing up", async () => {
  const { clock, pace, taken } = given(1_000);
  void pace.take(500, signal).then(taken);
  void pace.take(250, signal).then(taken);
  await turn();
  deepEqual(taken.atMs, [0]);
  clock.advance(499);
  await turn();
  deepEqual(taken.atMs, [0]);
  clock.advance(1);
  await turn();
  deepEqual(taken.atMs, [0, 500]);
  clock.advance(60_000);
  for (let index = 0; index < 3; index += 1) void pace.take(1_000, signal).then(taken);
  await turn();
  equal(taken.atMs.length, 3);
});

test("ScrubPace waits for reads that wait, but not for ever", async () => {
  const { clock, pace, taken, reads } = given(1_000_000);
  reads.load = 1.5;
  void pace.take(1, signal).then(taken);
  await turn();
  clock.advance(SCRUB_BEAT_MS);
  await turn();
  deepEqual(taken.atMs, []);
  reads.load = 1;
  clock.advance(SCRUB_BEAT_MS);
  await turn();
  deepEqual(taken.atMs, [2 * SCRUB_BEAT_MS]);
  reads.load = 9;
  void pace.take(1, signal).then(taken);
  for (let beat = 0; taken.atMs.length < 2 && beat < 100; beat += 1) {
    await turn();
    clock.advance(SCRUB_BEAT_MS);
    await turn();
  }
  equal(taken.atMs.length, 2);
});

test("ScrubPace lets go at once of whoever gives up", async () => {
  const { pace } = given(1);
  const stop = new AbortController();
  await pace.take(10, stop.signal);
  const waiting = pace.take(10, stop.signal);
  stop.abort(new Error("stopped"));
  await rejects(waiting, { message: "stopped" });
  await rejects(pace.take(10, stop.signal), { message: "stopped" });
});

function given(bytesPerSecond: number) {
  const clock = new VirtualClock();
  const reads = { load: 0 };
  const atMs: number[] = [];
  const taken = Object.assign(() => void atMs.push(clock.nowMs()), { atMs });
  return { clock, reads, taken, pace: new ScrubPace({ clock, reads }, bytesPerSecond) };
}
