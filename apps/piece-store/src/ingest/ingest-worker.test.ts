import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_TORRENT_OPTIONS,
  INGEST_BUCKET,
  INGEST_CHECKPOINT_BUCKET,
  INGEST_QUEUE,
  type IngestJob,
  ingestChangedEvent,
} from "@seedfleet/contracts";
import { Gathered, turn, VirtualClock } from "@seedfleet/testkit";
import { GivenStore, HOLDER, remote } from "../testing.ts";
import { INGESTS_AT_ONCE_MAX } from "./ingest-runs.ts";
import { RECORD_CHECK_INTERVAL_MS } from "./ingest-worker.ts";
import { endOf, givenBus, untilHashed, writeLong } from "./testing.ts";

const MIB: number = 2 ** 20;
const HASHED = "seedfleet_piece_store_hashed_bytes";
/** What is published to see that all before it is over. */
const LAST = "x";
const INGESTS = "seedfleet_piece_store_ingests";

test("a second delivery of a job that runs, or is over, does nothing", async () => {
  await using given = await GivenStore.start();
  writeLong(given.directory.at("long"), 64 * MIB);
  const job = await given.submit("long");
  await isRunning(given, job);
  await given.submit("long");
  await redeliver(given, job);
  const { state, attempts } = await endOf(given, job);
  deepEqual([state, attempts], ["done", 1]);
  await redeliver(given, job);
  await nothingQueued(given);
  equal(given.telemetry.recorded.total(HASHED), 64 * MIB + LAST.length);
  equal(given.telemetry.recorded.total(INGESTS), 2);
  equal((await given.jobs.find(job.id))?.attempts, 1);
});

test("a delivery of a job that nobody knows any more does nothing", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  const job = await given.submit("a");
  await endOf(given, job);
  await given.jobs.forget(job.id);
  await redeliver(given, job);
  await nothingQueued(given);
  equal(await given.jobs.find(job.id), null);
});

test("a job that is over is done anew when it is asked for again", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  const first = await given.publish("a");
  given.directory.write("a", "67890");
  const second = await given.publish("a");
  ok(second.entry.infoHash !== first.entry.infoHash);
  equal((await given.jobs.list()).length, 1);
});

test("jobs that are cancelled while they are queued never begin", async () => {
  await using given = await GivenStore.start({ small: "12345" });
  const running: IngestJob[] = [];
  for (let index = 0; index < INGESTS_AT_ONCE_MAX; index += 1) {
    writeLong(given.directory.at(`long-${index}`), 512 * MIB);
    running.push(await given.submit(`long-${index}`));
  }
  await Promise.all(running.map((job) => isRunning(given, job)));
  const queued = await given.submit("small");
  await untilHashed(given, (given.telemetry.recorded.total(HASHED) ?? 0) + 64 * MIB);
  equal((await given.jobs.find(queued.id))?.state, "queued");
  equal((await given.jobs.cancel(queued.id))?.state, "cancelled");
  for (const job of running) await given.jobs.cancel(job.id);
  for (const job of [...running, queued]) equal((await endOf(given, job)).state, "cancelled");
  await nothingQueued(given);
  equal((await given.jobs.find(queued.id))?.attempts, 0);
  equal((await given.catalogued()).length, 1);
  equal(given.telemetry.recorded.total(INGESTS, { outcome: "cancelled" }), running.length + 1);
});

test("cancelling a job that is over changes nothing", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  const job = await given.submit("a");
  const done = await endOf(given, job);
  deepEqual(await given.jobs.cancel(job.id), done);
  deepEqual(await given.catalogued(), [done.result?.entry.infoHash]);
});

test("a job that is cancelled and asked for anew at once is done", async () => {
  await using given = await GivenStore.start();
  writeLong(given.directory.at("long"), 64 * MIB);
  const job = await given.submit("long");
  await isRunning(given, job);
  await given.jobs.cancel(job.id);
  const again = await given.submit("long");
  deepEqual([again.id, again.state], [job.id, "queued"]);
  equal((await given.resultOf(again)).entry.sizeBytes, 64 * MIB);
  await nothingQueued(given);
});

test("an old word of a job's end does not end the job that came after", async () => {
  await using given = await GivenStore.start();
  writeLong(given.directory.at("long"), 64 * MIB);
  const job = await given.submit("long");
  await isRunning(given, job);
  given.bus.publish(ingestChangedEvent, { job: job.id }, { state: "cancelled" });
  equal((await endOf(given, job)).state, "done");
});

test("a cancel of which no word comes is seen in the record", async () => {
  const clock = new VirtualClock();
  await using opened = givenBus(clock);
  await using given = await GivenStore.start({}, {}, { bus: opened.bus, clock });
  writeLong(given.directory.at("long"), 512 * MIB);
  const job = await given.submit("long");
  await isRunning(given, job);
  const running = await given.jobs.find(job.id);
  const records = await given.bus.keyValue(INGEST_BUCKET);
  await records.put(job.id, Buffer.from(JSON.stringify({ ...running, state: "cancelled" })));
  clock.advance(RECORD_CHECK_INTERVAL_MS);
  while (given.telemetry.recorded.total(INGESTS, { outcome: "cancelled" }) !== 1) await turn();
  ok((given.telemetry.recorded.total(HASHED) ?? 0) < 512 * MIB);
  deepEqual(await given.catalogued(), []);
});

test("a cancel outlives the store, and what was kept of the job goes", async () => {
  await using given = await GivenStore.start();
  writeLong(given.directory.at("long"), 512 * MIB);
  const job = await given.submit("long");
  await untilHashed(given, 64 * MIB);
  await given.store.drain();
  equal((await given.jobs.find(job.id))?.state, "queued");
  const checkpoints = await given.bus.objectStore(INGEST_CHECKPOINT_BUCKET);
  ok((await checkpoints.get(job.id)) !== null);
  await given.jobs.cancel(job.id);
  await given.restart();
  await nothingQueued(given);
  equal((await given.jobs.find(job.id))?.state, "cancelled");
  equal(await checkpoints.get(job.id), null);
  equal(given.telemetry.recorded.total(HASHED), LAST.length);
});

test("a small job that comes after a large one ends long before it", async () => {
  await using given = await GivenStore.start();
  writeLong(given.directory.at("large"), 768 * MIB);
  writeLong(given.directory.at("small"), 8 * MIB);
  const large = await given.submit("large", { version: "v1" });
  const told = new Gathered<number>();
  const largeEnds = given.resultOf(large, ({ doneBytes }) => told.add(doneBytes));
  await told.until((items) => items.some((doneBytes) => doneBytes > 0));
  const small = await given.submit("small", { version: "v1" });
  await given.resultOf(small);
  ok((told.items.at(-1) ?? 0) < 384 * MIB, `the large job was at ${told.items.at(-1)}`);
  await given.jobs.cancel(large.id);
  await rejects(largeEnds, remote("cancelled"));
});

test("jobs that wait for another of their location keep no third from running", async () => {
  await using given = await GivenStore.start({ small: "12345" });
  writeLong(given.directory.at("long"), 1_024 * MIB);
  const running = await given.submit("long");
  await isRunning(given, running);
  const waiting: IngestJob[] = [];
  for (let index = 0; index <= INGESTS_AT_ONCE_MAX; index += 1) {
    waiting.push(await given.submit("long", { comment: `${index}` }));
  }
  await given.publish("small");
  equal((await given.jobs.find(running.id))?.state, "running");
  for (const job of waiting) equal((await given.jobs.find(job.id))?.state, "queued");
  // One that waits ends at once, and not when its turn comes.
  for (const job of waiting) await given.jobs.cancel(job.id);
  const cancelled = { outcome: "cancelled" };
  while (given.telemetry.recorded.total(INGESTS, cancelled) !== waiting.length) await turn();
  equal((await given.jobs.find(running.id))?.state, "running");
  await given.jobs.cancel(running.id);
});

test("of two jobs of one location the last that came has the last word", async () => {
  await using given = await GivenStore.start({ "d/a": "x".repeat(100_000) });
  const jobs = await Promise.all([
    given.submit("d", { version: "v1" }),
    given.submitTo(["d/"], {
      kind: "make",
      options: { ...DEFAULT_TORRENT_OPTIONS, version: "hybrid" },
    }),
  ]);
  for (const job of jobs) await endOf(given, job);
  const [entry, ...others] = await given.catalog.list();
  deepEqual([entry?.version, others], ["hybrid", []]);
});

async function isRunning(given: GivenStore, job: IngestJob): Promise<void> {
  for await (const update of given.jobs.follow(job.id)) {
    ok(update.kind === "progress", "the job was over too soon");
    if (update.progress.phase === "hashing") return;
  }
}

/** Has the queue hand out a job once more. */
async function redeliver(given: GivenStore, job: IngestJob | undefined): Promise<void> {
  const queue = await given.bus.workQueue(INGEST_QUEUE);
  await queue.enqueue(HOLDER, Buffer.from(job?.id ?? ""));
}

/** Stops the store and sees what its queue still holds. */
async function nothingQueued(given: GivenStore): Promise<void> {
  await settled(given);
  await given.store.drain();
  const found = new Gathered<string>();
  const queue = await given.bus.workQueue(INGEST_QUEUE);
  const worker = await queue.work(HOLDER, { atOnceMax: 1 }, async ({ payload }) => {
    found.add(String(Buffer.from(payload)));
  });
  await queue.enqueue(HOLDER, Buffer.from("last"));
  const items = await found.until((ids) => ids.includes("last"));
  await worker.stop();
  deepEqual(items, ["last"]);
}

/** Resolves when the store has been through all that was queued before. */
async function settled(given: GivenStore): Promise<void> {
  given.directory.write("a last one", LAST);
  await given.publish("a last one");
}
