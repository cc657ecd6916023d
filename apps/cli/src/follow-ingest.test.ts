import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type IngestProgress, ingestProgressEvent } from "@seedfleet/contracts";
import { GivenFleet, givenEntry, givenRequest } from "./fleet-testing.ts";
import { followIngest } from "./follow-ingest.ts";
import type { HashingProgress } from "./hashing-progress.ts";

const RESULT = { entry: givenEntry("debian"), hashed: true, skipped: ["a/socket"] };

const PROGRESS: IngestProgress = {
  ...{ phase: "hashing", name: "debian", doneBytes: 6_000, totalBytes: 10_000 },
  ...{ bytesPerSecond: 2_000, remainingMs: 2_000 },
};

type Told = readonly [HashingProgress, elapsedMs: number];

/** Follows one job of a fleet; resolves with the next progress that is reported. */
class GivenFollower extends GivenFleet {
  readonly told: Told[] = [];
  #next = Promise.withResolvers<Told>();

  async follow(signal?: AbortSignal) {
    const jobs = await this.jobs();
    const job = await jobs.submit(givenRequest());
    const reporter = {
      hashing: (...told: Told) => {
        this.told.push(told);
        this.#next.resolve(told);
        this.#next = Promise.withResolvers();
      },
    };
    return { job, jobs, followed: followIngest({ ...this, jobs, reporter }, job, signal) };
  }

  /** Tells of progress until it is reported: who follows may not listen yet. */
  async progress(id: string, progress: IngestProgress): Promise<Told> {
    const reported = this.#next.promise;
    let told: Told | null = null;
    void reported.then((each) => {
      told = each;
    });
    while (told === null) {
      this.bus.publish(ingestProgressEvent, { job: id }, progress);
      await this.bus.flush();
    }
    return reported;
  }
}

test("followIngest() tells of progress and gives the result", async () => {
  await using given = await new GivenFollower();
  const { job, followed } = await given.follow();
  const [progress, elapsedMs] = await given.progress(job.id, PROGRESS);
  deepEqual(progress, { name: "debian", hashedBytes: 6_000, totalBytes: 10_000 });
  // At 2,000 bytes a second it took 3 s, whenever we came.
  equal(elapsedMs, 3_000);
  await given.end(job, { state: "done", result: RESULT });
  deepEqual(await followed, RESULT);
});

test("followIngest() given a pace of nothing yet counts from when it began to follow", async () => {
  await using given = await new GivenFollower();
  const { job, followed } = await given.follow();
  const nothing = { ...PROGRESS, doneBytes: 0, bytesPerSecond: 0, remainingMs: null };
  const [, elapsedMs] = await given.progress(job.id, nothing);
  equal(elapsedMs >= 0 && elapsedMs < 60_000, true);
  await given.end(job, { state: "done", result: RESULT });
  await followed;
});

test("followIngest() given a job that has ended gives its result at once", async () => {
  await using given = await new GivenFollower();
  const { job, jobs, followed } = await given.follow();
  await given.end(job, { state: "done", result: RESULT });
  await followed;
  const reporter = { hashing: () => {} };
  deepEqual(await followIngest({ ...given, jobs, reporter }, job), RESULT);
});

const failures = [
  {
    given: "a failure",
    ended: { state: "failed", failure: { code: "content-missing", message: "Cannot: \x1b[2J" } },
    then: { code: "content-missing", message: "Cannot: \\u{1b}[2J" },
  },
  {
    given: "a failure without a reason",
    ended: { state: "failed" },
    then: {
      code: "ingest-failed",
      message: "Cannot go on with /srv/debian: the piece-store does not say why",
    },
  },
  {
    given: "a job that was cancelled",
    ended: { state: "cancelled" },
    then: {
      code: "ingest-cancelled",
      message: "Stopped /srv/debian: the job was cancelled",
    },
  },
] as const;

for (const { given: situation, ended, then } of failures) {
  test(`followIngest() given ${situation} throws it`, async () => {
    await using given = await new GivenFollower();
    const { job, followed } = await given.follow();
    const { code, message } = then;
    await Promise.all([
      rejects(followed, { name: "SeedfleetError", message, detail: { code } }),
      given.end(job, ended),
    ]);
  });
}

test("followIngest() given a job whose record went away says so", async () => {
  await using given = await new GivenFollower();
  const { job, jobs, followed } = await given.follow();
  await jobs.forget(job.id);
  await rejects(followed, {
    message: "Cannot follow /srv/debian: its job is gone; ask for it again",
    detail: { code: "ingest-forgotten" },
  });
});

test("followIngest() given its signal lets the job go on", async () => {
  await using given = await new GivenFollower();
  const stop = new AbortController();
  const { job, jobs, followed } = await given.follow(stop.signal);
  await given.progress(job.id, PROGRESS);
  const stopped = rejects(followed, {
    message: `Stopped following /srv/debian: job ${job.id} goes on`,
    detail: { code: "ingest-unfollowed" },
  });
  stop.abort();
  await stopped;
  equal((await jobs.find(job.id))?.state, "queued");
});
