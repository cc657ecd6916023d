import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_TORRENT_OPTIONS,
  INGEST_BUCKET,
  INGEST_QUEUE,
  type IngestJob,
  type IngestProgress,
  type IngestRequest,
  ingestProgressEvent,
  type TorrentOptions,
} from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";
import { advanceUntil, Gathered, turn } from "@seedfleet/testkit";
import { type IngestJobs, ingestJobId, openIngestJobs } from "./ingest-jobs.ts";
import { GivenBus } from "./testing.ts";

const REQUEST = givenRequest();
const PROGRESS: IngestProgress = {
  ...{ phase: "hashing", name: "a", doneBytes: 1, totalBytes: 2 },
  ...{ bytesPerSecond: 3, remainingMs: 4 },
};

test("whoever asks for the same shares a job, and it is queued for each", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const job = await jobs.submit(REQUEST);
  deepEqual(job, {
    ...{ id: ingestJobId(REQUEST), request: REQUEST, state: "queued", attempts: 0 },
    ...{ submittedAtMs: 0, updatedAtMs: 0, result: null, failure: null },
  });
  given.clock.advance(1_000);
  deepEqual(await jobs.submit(REQUEST), job);
  deepEqual(await jobs.list(), [job]);
  deepEqual(await queued(given, 2), [job.id, job.id]);
});

test("the order of a request's fields makes no other job", () => {
  const { version, private: isPrivate, ...others } = DEFAULT_TORRENT_OPTIONS;
  const { holder, locations, torrent } = givenRequest({ ...others, version, private: isPrivate });
  equal(ingestJobId({ torrent, locations, holder }), ingestJobId(REQUEST));
});

const others: readonly { readonly given: string; readonly request: IngestRequest }[] = [
  { given: "another holder", request: { ...REQUEST, holder: "store-2" } },
  { given: "another location", request: { ...REQUEST, locations: ["/b"] } },
  { given: "a mirror", request: { ...REQUEST, locations: ["/a", "/b"] } },
  { given: "another version", request: givenRequest({ version: "v1" }) },
  { given: "another comment", request: givenRequest({ comment: "" }) },
  { given: "a web seed", request: givenRequest({ webSeeds: ["http://a.example/"] }) },
];

for (const { given, request } of others) {
  test(`ingestJobId() given ${given} is another`, () => {
    notEqual(ingestJobId(request), ingestJobId(REQUEST));
  });
}

for (const state of ["done", "failed", "cancelled"] as const) {
  test(`a job that is ${state} is done anew when it is asked for again`, async () => {
    await using given = new GivenBus();
    const jobs = await openIngestJobs(given);
    const { id } = await jobs.submit(REQUEST);
    const failure = { code: "content-missing", message: "gone" };
    await jobs.change(id, (job) => ({ ...job, state, failure, attempts: 3 }));
    given.clock.advance(5);
    const again = await jobs.submit(REQUEST);
    deepEqual([again.state, again.attempts, again.failure], ["queued", 0, null]);
    deepEqual([again.submittedAtMs, again.updatedAtMs], [5, 5]);
    deepEqual(await jobs.find(id), again);
  });
}

test("of many who ask at once for what has ended, one begins it and all share it", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const { id } = await jobs.submit(REQUEST);
  await jobs.cancel(id);
  const begun = await Promise.all(Array.from({ length: 5 }, () => jobs.submit(REQUEST)));
  deepEqual(new Set(begun.map(({ state }) => state)), new Set(["queued"]));
  equal((await jobs.list()).length, 1);
});

test("a record that cannot be read is as none", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const { id } = await jobs.submit(REQUEST);
  await (await given.bus.keyValue(INGEST_BUCKET)).put(id, Buffer.from("{"));
  deepEqual([await jobs.find(id), await jobs.list(), await jobs.cancel(id)], [null, [], null]);
  equal((await jobs.submit(REQUEST)).state, "queued");
  equal((await jobs.list()).length, 1);
});

test("what no store would take is refused, and what is wrong with it is named", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const asked = jobs.submit(givenRequest({ comment: "x".repeat(5_000) }));
  await rejects(asked, (error: Error) => {
    return errorCode(error) === "bus-invalid-payload" && /options\.comment/.test(error.message);
  });
  deepEqual(await jobs.list(), []);
});

test("jobs are listed in the order in which they were submitted", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const ids: string[] = [];
  for (let location = 0; location < 5; location += 1) {
    ids.push((await jobs.submit({ ...REQUEST, locations: [`/${location}`] })).id);
    given.clock.advance(1);
  }
  deepEqual(
    (await jobs.list()).map(({ id }) => id),
    ids,
  );
});

test("cancelling ends a job that is not over, once", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  equal(await jobs.cancel("absent"), null);
  const { id } = await jobs.submit(REQUEST);
  given.clock.advance(7);
  const cancelled = await jobs.cancel(id);
  deepEqual([cancelled?.state, cancelled?.updatedAtMs], ["cancelled", 7]);
  given.clock.advance(7);
  deepEqual(await jobs.cancel(id), cancelled);
});

test("change() decides anew when somebody else wrote meanwhile", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const records = await given.bus.keyValue(INGEST_BUCKET);
  const { id } = await jobs.submit(REQUEST);
  const seen: string[] = [];
  let raced: Promise<unknown> = Promise.resolve();
  const changed = await jobs.change(id, (job) => {
    seen.push(job.state);
    const cancelled = Buffer.from(JSON.stringify({ ...job, state: "cancelled" }));
    if (seen.length === 1) raced = records.put(id, cancelled);
    return job.state === "cancelled" ? job : { ...job, state: "running" };
  });
  await raced;
  deepEqual([seen, changed?.state], [["queued", "cancelled"], "cancelled"]);
});

test("follow() tells progress as it comes, and the end last", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const { id } = await jobs.submit(REQUEST);
  const told = new Gathered<string>();
  const followed = followInto(jobs, id, told);
  await turn();
  given.bus.publish(ingestProgressEvent, { job: id }, PROGRESS);
  await told.count(1);
  given.bus.publish(ingestProgressEvent, { job: "another" }, PROGRESS);
  given.bus.publish(ingestProgressEvent, { job: id }, { ...PROGRESS, doneBytes: 2 });
  await told.count(2);
  await jobs.change(id, (job) => ({ ...job, state: "running" }));
  await jobs.cancel(id);
  await followed;
  deepEqual(told.items, ["progress 1", "progress 2", "ended cancelled"]);
});

test("follow() sees an end of which the event was lost", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const job = await jobs.submit(REQUEST);
  const told = new Gathered<string>();
  const followed = followInto(jobs, job.id, told);
  await turn();
  const records = await given.bus.keyValue(INGEST_BUCKET);
  await records.put(job.id, Buffer.from(JSON.stringify({ ...job, state: "failed" })));
  await advanceUntil(given.clock, 1_000, followed);
  deepEqual(told.items, ["ended failed"]);
});

test("follow() ends where the record is gone, and when it is told to", async () => {
  await using given = new GivenBus();
  const jobs = await openIngestJobs(given);
  const { id } = await jobs.submit(REQUEST);
  const told = new Gathered<string>();
  const stopping = new AbortController();
  const stopped = followInto(jobs, id, told, stopping.signal);
  await turn();
  stopping.abort();
  await stopped;
  const followed = followInto(jobs, id, told);
  await turn();
  await jobs.forget(id);
  await advanceUntil(given.clock, 1_000, followed);
  await followInto(jobs, "absent", told);
  deepEqual(told.items, []);
});

async function followInto(
  jobs: IngestJobs,
  id: string,
  told: Gathered<string>,
  options?: AbortSignal,
): Promise<void> {
  for await (const update of jobs.follow(id, options)) {
    if (update.kind === "progress") told.add(`progress ${update.progress.doneBytes}`);
    else told.add(`ended ${update.job.state}`);
  }
}

/** The first ids that a worker of the holder is given. */
async function queued({ bus }: GivenBus, count: number): Promise<readonly string[]> {
  const ids = new Gathered<string>();
  const queue = await bus.workQueue(INGEST_QUEUE);
  const worker = await queue.work(REQUEST.holder, { atOnceMax: 1 }, async ({ payload }) => {
    ids.add(String(Buffer.from(payload)));
  });
  const first = await ids.count(count);
  await worker.stop();
  return first;
}

function givenRequest(options: Partial<TorrentOptions> = {}): IngestJob["request"] {
  return {
    ...{ holder: "store-1", locations: ["/a"] },
    torrent: { kind: "make", options: { ...DEFAULT_TORRENT_OPTIONS, ...options } },
  };
}
