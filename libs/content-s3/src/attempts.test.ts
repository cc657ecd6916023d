import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { type Attempt, Attempts } from "./attempts.ts";
import { S3_ATTEMPTS_MAX, S3_REQUEST_MS_MAX, S3_REQUESTS_AT_ONCE_MAX } from "./limits.ts";
import { s3Absent, s3Failed } from "./s3-fault.ts";

const SILENCE_MS = 1_000;
const options = { silenceMs: SILENCE_MS };

/** An attempt that ends only when it is ended. */
const hang: Attempt<never> = (signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });

/** Fails so many times, then gives how often it was called. */
function failing(times: number, error: () => Error): () => Promise<number> {
  let calls = 0;
  return () => {
    calls += 1;
    return calls > times ? Promise.resolve(calls) : Promise.reject(error());
  };
}

test("run() asks again after a failure that may pass", async () => {
  const clock = new VirtualClock();
  const attempts = new Attempts(clock);
  const work = failing(S3_ATTEMPTS_MAX - 1, () => s3Failed("it is busy", "later"));
  equal(await advanceUntil(clock, 100, attempts.run(work, options)), S3_ATTEMPTS_MAX);
});

test("run() gives up after so many attempts, each later than the one before", async () => {
  const clock = new VirtualClock();
  const attempts = new Attempts(clock);
  const atMs: number[] = [];
  const work = (): Promise<never> => {
    atMs.push(clock.nowMs());
    return Promise.reject(s3Failed("it is busy", "later"));
  };
  await rejects(advanceUntil(clock, 50, attempts.run(work, options)), {
    detail: {
      code: "s3-failed",
      retry: "later",
      reason: "it is busy, also when asked again; check the store and the way to it",
    },
  });
  equal(atMs.length, S3_ATTEMPTS_MAX);
  const waitsMs = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
  const shortestMs = [500, 1_000, 2_000];
  deepEqual(
    waitsMs.map((ms, index) => ms >= (shortestMs[index] ?? 0)),
    [true, true, true],
    `waits of ${waitsMs} ms`,
  );
});

for (const { given, error } of [
  { given: "an object that is absent", error: s3Absent() },
  { given: "a failure that will not pass", error: s3Failed("it is no S3") },
]) {
  test(`run() does not ask again given ${given}`, async () => {
    const attempts = new Attempts(new VirtualClock());
    await rejects(
      attempts.run(
        failing(1, () => error),
        options,
      ),
      error,
    );
  });
}

test("run() ends an attempt that is silent for too long, and asks again", async () => {
  const clock = new VirtualClock();
  const attempts = new Attempts(clock);
  let calls = 0;
  const work: Attempt<string> = (signal, heard) => {
    calls += 1;
    return calls < 2 ? hang(signal, heard) : Promise.resolve("at last");
  };
  equal(await advanceUntil(clock, 100, attempts.run(work, options)), "at last");
});

test("run() leaves alone an attempt that is heard of, until the time of all is over", async () => {
  const clock = new VirtualClock();
  const attempts = new Attempts(clock);
  const work: Attempt<never> = (signal, heard) => {
    clock.every(SILENCE_MS / 2, heard);
    return hang(signal, heard);
  };
  const running = attempts.run(work, options);
  const ended = rejects(running, /it is not done in 60 s/);
  await turn();
  clock.advance(S3_REQUEST_MS_MAX - 1);
  await turn();
  equal(await Promise.race([running, "under way"]), "under way");
  clock.advance(1);
  await ended;
});

test("run() ends what does not heed the signal, too", async () => {
  const clock = new VirtualClock();
  const attempts = new Attempts(clock);
  const deaf = (): Promise<never> => new Promise(() => {});
  await rejects(advanceUntil(clock, 500, attempts.run(deaf, options)), /no byte for 1 s/);
});

test("run() rejects with the caller's reason to abort", async () => {
  const attempts = new Attempts(new VirtualClock());
  const caller = new AbortController();
  const running = attempts.run(hang, { ...options, signal: caller.signal });
  await turn();
  caller.abort("enough");
  await rejects(running, (reason) => reason === "enough");
  const late = attempts.run(hang, { ...options, signal: caller.signal });
  await rejects(late, (reason) => reason === "enough");
});

test("run() begins no more than so many at once", async () => {
  const attempts = new Attempts(new VirtualClock());
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let begun = 0;
  const work = (): Promise<void> => {
    begun += 1;
    return gate;
  };
  const all = Array.from({ length: S3_REQUESTS_AT_ONCE_MAX + 1 }, () =>
    attempts.run(work, options),
  );
  await turn();
  equal(begun, S3_REQUESTS_AT_ONCE_MAX);
  open();
  await Promise.all(all);
  equal(begun, S3_REQUESTS_AT_ONCE_MAX + 1);
});

test("run() that waits ends with the caller's signal, and takes nobody's turn", async () => {
  const attempts = new Attempts(new VirtualClock());
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const busy = Array.from({ length: S3_REQUESTS_AT_ONCE_MAX }, () =>
    attempts.run(() => gate, options),
  );
  const caller = new AbortController();
  const impatient = attempts.run(hang, { ...options, signal: caller.signal });
  const patient = attempts.run(() => Promise.resolve("my turn"), options);
  caller.abort("enough");
  await rejects(impatient, (reason) => reason === "enough");
  open();
  await Promise.all(busy);
  equal(await patient, "my turn");
});

test("disposing ends what is under way or waits, and what comes later", async () => {
  const attempts = new Attempts(new VirtualClock());
  const all = Array.from({ length: S3_REQUESTS_AT_ONCE_MAX + 1 }, () =>
    attempts.run(hang, options),
  );
  const ended = Promise.allSettled(all);
  await turn();
  await attempts[Symbol.asyncDispose]();
  const late = await Promise.allSettled([attempts.run(hang, options)]);
  for (const settled of [...(await ended), ...late]) {
    equal(settled.status, "rejected");
    equal(settled.status === "rejected" && settled.reason.detail.code, "s3-failed");
  }
});
