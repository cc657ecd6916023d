import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import type { IngestJob } from "@seedfleet/contracts";
import { openIngestJobs } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { GivenStore, HOLDER } from "../testing.ts";
import { EndedJobs, JOBS_KEPT_MAX, JOBS_KEPT_MS_MAX } from "./ended-jobs.ts";
import { endOf, givenBus } from "./testing.ts";

const INFO_HASH = infoHashFromBytes(new Uint8Array(20));
const PRUNE_INTERVAL_MS = 3_600_000;

test("so many jobs that are over are kept, the last of them", async () => {
  await using given = await givenJobs();
  const { ended } = given;
  for (let index = 0; index < JOBS_KEPT_MAX + 3; index += 1) {
    const { id } = await given.done(`/${index}`);
    ended.ended(id);
    await ended.prune();
  }
  const kept = await given.jobs.list();
  equal(kept.length, JOBS_KEPT_MAX);
  equal(kept[0]?.request.locations[0], "/3");
});

test("a job that was done once more is among the last", async () => {
  await using given = await givenJobs();
  const { ended } = given;
  const { id } = await given.done("/again");
  ended.ended(id);
  for (let index = 1; index < JOBS_KEPT_MAX; index += 1) ended.ended(`${index}`);
  ended.ended(id);
  ended.ended("last");
  await ended.prune();
  equal((await given.jobs.find(id))?.state, "done");
});

test("what earlier runs left is forgotten too, the oldest first, and nobody else's", async () => {
  await using given = await givenJobs();
  await given.done("/other", { holder: "store-2" });
  const running = await given.submit("/running");
  for (let index = 0; index < JOBS_KEPT_MAX + 2; index += 1) await given.done(`/${index}`);
  await given.ended.load(HOLDER);
  const kept = await given.jobs.list();
  equal(kept.length, JOBS_KEPT_MAX + 2);
  deepEqual(
    kept.slice(0, 3).map(({ request }) => request.locations[0]),
    ["/other", "/running", "/2"],
  );
  equal((await given.jobs.find(running.id))?.state, "queued");
});

test("a job that is over is forgotten after so long", async () => {
  await using given = await givenJobs();
  const { clock, ended } = given;
  const old = await given.done("/old");
  clock.advance(5_000);
  const young = await given.done("/young");
  await ended.load(HOLDER);
  clock.advance(JOBS_KEPT_MS_MAX - 5_001);
  await ended.prune();
  equal((await given.jobs.list()).length, 2);
  clock.advance(1);
  await ended.prune();
  deepEqual([await given.jobs.find(old.id), (await given.jobs.list()).length], [null, 1]);
  // It was asked for again meanwhile, so it is not over.
  await given.submit("/young");
  clock.advance(5_000);
  await ended.prune();
  equal((await given.jobs.find(young.id))?.state, "queued");
});

test("what cannot be forgotten now is forgotten the next time", async () => {
  await using given = await givenJobs();
  const { clock } = given;
  const { id } = await given.done("/old");
  const jobs = await openIngestJobs({ bus: given.bus, clock });
  let isAway = true;
  const find: typeof jobs.find = (asked) =>
    isAway ? Promise.reject(new Error("away")) : jobs.find(asked);
  const ended = new EndedJobs({ clock, jobs: { ...jobs, find }, log: silentTelemetry.log });
  await ended.load(HOLDER);
  clock.advance(JOBS_KEPT_MS_MAX + 1);
  await ended.prune();
  isAway = false;
  equal((await jobs.find(id))?.state, "done");
  await ended.prune();
  equal(await jobs.find(id), null);
});

test("a store forgets when it starts, and again every hour", async () => {
  const clock = new SkippingClock();
  await using opened = givenBus(clock);
  const { bus } = opened;
  await using given = await GivenStore.start({ a: "1", b: "2" }, {}, { bus, clock });
  const first = await endOf(given, await given.submit("a"));
  clock.skippedMs += JOBS_KEPT_MS_MAX + 1;
  await given.restart();
  while ((await given.jobs.find(first.id)) !== null) await turn();
  const second = await endOf(given, await given.submit("b"));
  clock.skippedMs += JOBS_KEPT_MS_MAX + 1;
  clock.advance(PRUNE_INTERVAL_MS);
  while ((await given.jobs.find(second.id)) !== null) await turn();
});

/** A clock that can go on for a month without all that would be done meanwhile. */
class SkippingClock extends VirtualClock {
  skippedMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.skippedMs;
  }
}

async function givenJobs() {
  const clock = new VirtualClock();
  const opened = givenBus(clock);
  const jobs = await openIngestJobs({ bus: opened.bus, clock });
  const ended = new EndedJobs({ clock, jobs, log: silentTelemetry.log });
  const submit = async (location: string, { holder = HOLDER } = {}): Promise<IngestJob> => {
    clock.advance(1);
    const torrent = { kind: "check", infoHash: INFO_HASH } as const;
    return await jobs.submit({ holder, locations: [location], torrent });
  };
  return {
    ...{ ...opened, clock, ended, jobs, submit },
    async done(location: string, options: { readonly holder?: string } = {}): Promise<IngestJob> {
      const job = await submit(location, options);
      return (await jobs.change(job.id, (before) => ({ ...before, state: "done" }))) ?? job;
    },
  };
}
