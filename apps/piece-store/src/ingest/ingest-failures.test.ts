import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import { GivenOrigin } from "@seedfleet/content-http/testing";
import {
  CATALOG_BUCKET,
  HASH_MEMO_BUCKET,
  INGEST_BUCKET,
  type IngestJob,
  ingestChangedEvent,
} from "@seedfleet/contracts";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { GivenStore, refusing, remote } from "../testing.ts";
import { INGEST_ATTEMPTS_MAX } from "./ingest-runs.ts";
import { away, endOf, givenBus } from "./testing.ts";

const INGESTS = "seedfleet_piece_store_ingests";
const STEP_MS = 1_000;

test("what will not pass ends a job at once, with its reason", async () => {
  await using given = await GivenStore.start();
  const job = await endOf(given, await given.submit("absent"));
  deepEqual([job.state, job.attempts, job.result], ["failed", 1, null]);
  const { code = "", message = "" } = job.failure ?? {};
  equal(code, "content-missing");
  match(message, /absent: there is nothing at that path; check its spelling/);
  equal(given.telemetry.recorded.total(INGESTS, { outcome: code }), 1);
  const logs = given.telemetry.recorded.logs.filter(({ level }) => level === "warn");
  deepEqual(
    logs.map((line) => [line.message, line.fields["code"], line.fields["location"]]),
    [["ingest failed", code, given.directory.at("absent")]],
  );
});

test("a mistake of ours ends a job as well", async () => {
  await using given = await GivenStore.start({ a: "12345" });
  await given.restart(refusing(given.bus, HASH_MEMO_BUCKET, ["put"]));
  const { state, failure } = await endOf(given, await given.submit("a"));
  deepEqual([state, failure], ["failed", { code: "failed", message: "killed here" }]);
});

for (const bucket of [CATALOG_BUCKET, HASH_MEMO_BUCKET]) {
  test(`a job is put off while the bus is away, and done then (${bucket})`, async () => {
    await using opened = await givenOnClock();
    const { given, clock } = opened;
    await given.restart(away(given.bus, bucket, 3));
    const job = await given.submit("a");
    const { entry } = await advanceUntil(clock, STEP_MS, given.resultOf(job));
    deepEqual(await given.catalogued(), [entry.infoHash]);
    const { state, attempts } = (await given.jobs.find(job.id)) ?? {};
    deepEqual([state, attempts], ["done", 4]);
    equal(putOff(given), 3);
    deepEqual(await given.jobs.list().then((jobs) => jobs.length), 1);
  });
}

test("a job that is put off is queued again, and its record may be away too", async () => {
  await using opened = await givenOnClock();
  const { given, clock } = opened;
  const states: string[] = [];
  given.bus.subscribe(ingestChangedEvent, {}, ({ state }) => void states.push(state));
  await given.restart(away(given.bus, CATALOG_BUCKET, 1));
  await advanceUntil(clock, STEP_MS, given.resultOf(await given.submit("a")));
  deepEqual(states, ["running", "queued", "running", "done"]);
  await given.restart(away(given.bus, INGEST_BUCKET, 2));
  given.directory.write("a", "67890");
  await advanceUntil(clock, STEP_MS, given.resultOf(await given.submit("a")));
});

test("a job fails once the bus was away so often", async () => {
  await using opened = await givenOnClock();
  const { given, clock } = opened;
  await given.restart(away(given.bus, CATALOG_BUCKET, INGEST_ATTEMPTS_MAX + 2));
  const job = await given.submit("a");
  const result = given.resultOf(job);
  await rejects(advanceUntil(clock, STEP_MS, result), remote("bus-disconnected"));
  const { state, attempts } = (await given.jobs.find(job.id)) ?? {};
  deepEqual([state, attempts], ["failed", INGEST_ATTEMPTS_MAX]);
  equal(putOff(given), INGEST_ATTEMPTS_MAX - 1);
  // It is not held against it when it is asked for again.
  await advanceUntil(clock, STEP_MS, given.resultOf(await given.submit("a")));
});

test("a restart does not count as a failure", async () => {
  await using opened = await givenOnClock();
  const { given, clock } = opened;
  await given.restart(away(given.bus, CATALOG_BUCKET, INGEST_ATTEMPTS_MAX + 1));
  const job = await given.submit("a");
  while (putOff(given) < INGEST_ATTEMPTS_MAX - 1) {
    clock.advance(STEP_MS);
    await turn();
  }
  await given.restart();
  await advanceUntil(clock, STEP_MS, given.resultOf(job));
});

test("a job that is cancelled while it is put off is not begun again", async () => {
  await using opened = await givenOnClock();
  const { given, clock } = opened;
  await given.restart(away(given.bus, CATALOG_BUCKET, 1));
  const job = await given.submit("a");
  while (putOff(given) < 1) await turn();
  equal((await given.jobs.cancel(job.id))?.state, "cancelled");
  given.directory.write("b", "67890");
  clock.advance(60_000);
  await advanceUntil(clock, STEP_MS, given.resultOf(await given.submit("b")));
  deepEqual(await stateOf(given, job), ["cancelled", 1]);
  equal((await given.catalogued()).length, 1);
});

test("an origin that is away puts a job off, a wrong path on disk does not", async () => {
  const clock = new VirtualClock();
  await using origin = await GivenOrigin.start({ "file.iso": "12345" });
  await using opened = givenBus(clock);
  const { bus } = opened;
  const config = { origins: [origin.at()] };
  await using given = await GivenStore.start({}, config, { bus, clock });
  origin.plan("file.iso", { kind: "reset" });
  const job = await given.submit(origin.at("file.iso"));
  while (putOff(given) < 1) {
    await turn();
    clock.advance(STEP_MS);
  }
  origin.heal();
  const { entry } = await advanceUntil(clock, STEP_MS, given.resultOf(job));
  deepEqual([entry.name, entry.contentBytes], ["file.iso", 5]);
  const mixed = given.submitTo(["absent", origin.at("file.iso")], {
    ...{ kind: "check", infoHash: entry.infoHash },
  });
  const failed = await advanceUntil(clock, STEP_MS, endOf(given, await mixed));
  deepEqual([failed.failure?.code, failed.attempts], ["content-missing", 1]);
});

type OnClock = AsyncDisposable & { readonly given: GivenStore; readonly clock: VirtualClock };

/** A store with a file `a` to publish, on a bus that waits by the same clock. */
async function givenOnClock(): Promise<OnClock> {
  const clock = new VirtualClock();
  const opened = givenBus(clock);
  const given = await GivenStore.start({ a: "12345" }, {}, { bus: opened.bus, clock });
  return {
    ...{ given, clock },
    async [Symbol.asyncDispose]() {
      await given[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

function putOff(given: GivenStore): number {
  const { logs } = given.telemetry.recorded;
  return logs.filter(({ message }) => message === "ingest put off").length;
}

async function stateOf(given: GivenStore, { id }: IngestJob): Promise<unknown> {
  const { state, attempts } = (await given.jobs.find(id)) ?? {};
  return [state, attempts];
}
