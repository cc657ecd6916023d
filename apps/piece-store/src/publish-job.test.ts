import assert, { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { PublishProgress } from "@seedfleet/contracts";
import { Gathered, turn, VirtualClock } from "@seedfleet/testkit";
import {
  type Hashing,
  type JobControl,
  PROGRESS_INTERVAL_MS,
  PROGRESS_SILENCE_MS_MAX,
  PublishJob,
} from "./publish-job.ts";

const NEVER = new AbortController().signal;

test("a job tells its progress five times a second at most", async () => {
  const given = givenJob();
  const { told } = given.follow();
  for (let hashed = 0; hashed <= 1_000; hashed += 10) {
    given.control.progress(hashing(hashed));
    given.clock.advance(10);
    await turn();
  }
  // The first of all is told before the size is known, the second as soon as it is.
  const hashedBytes = told.items.map((each) => (each.kind === "hashing" ? each.hashedBytes : -1));
  deepEqual(hashedBytes, [0, 0, 200, 400, 600, 800, 1_000]);
  equal(PROGRESS_INTERVAL_MS, 200);
});

test("a job that has nothing to tell says again where it is", async () => {
  const given = givenJob();
  const { told } = given.follow();
  given.control.progress(hashing(7));
  await told.count(1);
  for (let beat = 0; beat < 3; beat += 1) {
    given.clock.advance(PROGRESS_SILENCE_MS_MAX);
    await turn();
  }
  deepEqual(told.items.slice(-3), [hashing(7), hashing(7), hashing(7)]);
});

test("whoever comes later is told the latest, and a slow one is not told everything", async () => {
  const given = givenJob();
  given.follow();
  given.control.progress(hashing(500));
  await turn();
  const late = given.job.follow(NEVER);
  deepEqual((await late.next()).value, hashing(500));
  for (let hashed = 501; hashed < 600; hashed += 1) {
    given.clock.advance(PROGRESS_INTERVAL_MS);
    given.control.progress(hashing(hashed));
  }
  deepEqual((await late.next()).value, hashing(599));
});

test("a failure reaches all who follow", async () => {
  const given = givenJob();
  const ends = [given.follow().ended, given.follow().ended];
  await turn();
  given.settle.reject(new Error("no disk"));
  for (const end of ends) await rejects(end, { message: "no disk" });
});

test("a job is aborted when the last of its followers goes away", async () => {
  const given = givenJob();
  const aborts = [new AbortController(), new AbortController()];
  const ends = aborts.map(({ signal }) => given.follow(signal).ended);
  await turn();
  aborts[0]?.abort();
  await ends[0];
  equal(given.control.signal.aborted, false);
  aborts[1]?.abort();
  await ends[1];
  ok(given.control.signal.aborted && given.job.aborted);
});

function givenJob(): {
  readonly clock: VirtualClock;
  readonly job: PublishJob;
  readonly control: JobControl;
  readonly settle: PromiseWithResolvers<never>;
  follow(signal?: AbortSignal): { told: Gathered<PublishProgress>; ended: Promise<void> };
} {
  const clock = new VirtualClock();
  const job = new PublishJob(clock, "name");
  const settle = Promise.withResolvers<never>();
  const begun: JobControl[] = [];
  void job.run((control) => {
    begun.push(control);
    return settle.promise;
  });
  const [control] = begun;
  assert(control !== undefined);
  return {
    clock,
    job,
    control,
    settle,
    follow(signal = NEVER) {
      const told = new Gathered<PublishProgress>();
      const follow = async (): Promise<void> => {
        for await (const progress of job.follow(signal)) told.add(progress);
      };
      return { told, ended: follow() };
    },
  };
}

function hashing(hashedBytes: number): Hashing {
  return { kind: "hashing", name: "name", hashedBytes, totalBytes: 1_000 };
}
