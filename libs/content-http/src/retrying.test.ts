import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { PassingFault, retryAfterMs } from "./faults.ts";
import { ATTEMPTS_MAX, RETRY_AFTER_MS_MAX, RETRY_MS_MAX } from "./http-limits.ts";
import { retrying } from "./retrying.ts";
import { WatchedClock } from "./testing.ts";

const url = new URL("https://example.org/a?token=secret");
const never = new AbortController().signal;

/** Fails so often, with these faults in turn, the last one for ever. */
function failing(faults: readonly Error[]): { attempts: number; attempt(): Promise<string> } {
  return {
    attempts: 0,
    async attempt() {
      const fault = faults[Math.min(this.attempts, faults.length - 1)];
      this.attempts += 1;
      if (fault === undefined || this.attempts > faults.length) return "done";
      throw fault;
    },
  };
}

test("retrying() waits longer each time, then gives up and says how often it tried", async () => {
  const clock = new WatchedClock();
  const work = failing(Array.from({ length: 9 }, () => new PassingFault("the origin answers 503")));
  const tried = retrying({ clock, url, signal: never }, () => work.attempt());
  const gaveUp = rejects(tried, {
    message: "Cannot read https://example.org/a?…: the origin answers 503 (tried 4 times)",
    detail: {
      code: "content-unreadable",
      path: "https://example.org/a?…",
      reason: "the origin answers 503 (tried 4 times)",
    },
  });
  await clock.pass(200, 400, 800);
  await gaveUp;
  equal(work.attempts, ATTEMPTS_MAX);
});

test("retrying() waits as long as it is asked to, within the limit", async () => {
  const clock = new WatchedClock();
  const work = failing([new PassingFault("busy", { waitMs: RETRY_AFTER_MS_MAX })]);
  const tried = retrying({ clock, url, signal: never }, () => work.attempt());
  await clock.pass(RETRY_AFTER_MS_MAX);
  equal(await tried, "done");
});

test("retrying() gives up at once where it is asked to wait for longer", async () => {
  const clock = new WatchedClock();
  const work = failing([new PassingFault("busy", { waitMs: RETRY_AFTER_MS_MAX + 1 })]);
  await rejects(
    retrying({ clock, url, signal: never }, () => work.attempt()),
    /busy, and asks to wait 11 s \(tried once\)/,
  );
});

test("retrying() gives up when the time is over, however few attempts there were", async () => {
  const clock = new WatchedClock();
  let attempts = 0;
  const tried = retrying({ clock, url, signal: never }, async () => {
    attempts += 1;
    clock.advance(RETRY_MS_MAX / 2);
    throw new PassingFault("slow", { waitMs: 0 });
  });
  await rejects(tried, /slow \(tried 2 times\)/);
  equal(attempts, 2);
});

test("retrying() does not try again what is final", async () => {
  const work = failing([new TypeError("a mistake of ours")]);
  const clock = new WatchedClock();
  await rejects(
    retrying({ clock, url, signal: never }, () => work.attempt()),
    TypeError,
  );
  equal(work.attempts, 1);
});

test("retrying() ends its wait when it is aborted, with the reason", async () => {
  const clock = new WatchedClock();
  const aborting = new AbortController();
  const work = failing([new PassingFault("busy")]);
  const tried = retrying({ clock, url, signal: aborting.signal }, () => work.attempt());
  const ended = rejects(tried, { message: "enough" });
  await clock.delays.count(1);
  aborting.abort(new Error("enough"));
  await ended;
  equal(work.attempts, 1);
});

const waits = [
  [undefined, null],
  ["0", 0],
  ["7", 7_000],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
  ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
  ["soon", null],
  ["99999999999999999999", null],
] as const;

for (const [given, then] of waits) {
  test(`retryAfterMs() given ${given}`, () => equal(retryAfterMs(given, 10_000), then));
}
