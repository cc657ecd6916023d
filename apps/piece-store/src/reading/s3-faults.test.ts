import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { S3_READ_SILENCE_MS_MAX } from "@seedfleet/content-s3";
import type { Fault } from "@seedfleet/content-s3/testing";
import { type CatalogEntry, readPieceCall } from "@seedfleet/contracts";
import { delay } from "@seedfleet/runtime";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { remote } from "../testing.ts";
import { KEEP_WAITING_MS, READ_MS_MAX } from "./piece-reader.ts";
import { type GivenBucketStore, getsOf, startWithBucket, warnings } from "./testing.ts";

const WHOLE = randomBytes(3 * 16_384 + 100);

/** Less than a turn of the loop may take, so that what is under way gets its turns. */
const STEP_MS = 5;

type Faulty = GivenBucketStore & { readonly entry: CatalogEntry; readonly clock: VirtualClock };

/** An object that is published, and one fault with all requests for its bytes, or the first. */
async function startFaulty(fault: Fault, times?: number): Promise<Faulty> {
  const clock = new VirtualClock();
  const given = await startWithBucket({ objects: { a: WHOLE } }, {}, { clock });
  const { entry } = await given.store.publish(given.bucket.at("a"), { version: "v1" });
  // So that the listing is known, and only reading meets the fault.
  await given.store.read({ infoHash: entry.infoHash });
  const when = ({ method }: { readonly method: string }): boolean => method === "GET";
  given.bucket.faults.inject(fault, times === undefined ? { when } : { when, times });
  const { bucket, store } = given;
  return { bucket, store, entry, clock, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]() };
}

async function readAll({ store, entry, clock }: Faulty): Promise<Buffer> {
  return await advanceUntil(clock, STEP_MS, store.readAll(entry));
}

const passing: readonly { readonly given: string; readonly fault: Fault }[] = [
  { given: "is busy once", fault: { kind: "answer", status: 503, code: "SlowDown" } },
  { given: "fails once", fault: { kind: "answer", status: 500 } },
  { given: "breaks off before the answer once", fault: { kind: "reset", afterBytes: null } },
  { given: "breaks off within the bytes once", fault: { kind: "reset", afterBytes: 1_000 } },
  { given: "sends too little once", fault: { kind: "short", bytes: 1_000 } },
  { given: "sends too little once, unsaid", fault: { kind: "short", bytes: 9, unsaid: true } },
  { given: "stalls once before the answer", fault: { kind: "stall", afterBytes: null } },
  { given: "stalls once within the bytes", fault: { kind: "stall", afterBytes: 1_000 } },
  { given: "is slow", fault: { kind: "slow", parts: 8, intervalMs: 1 } },
];

for (const { given: situation, fault } of passing) {
  test(`a bucket that ${situation} gives the right bytes, and nobody is told`, async () => {
    await using given = await startFaulty(fault, fault.kind === "slow" ? undefined : 1);
    deepEqual(await readAll(given), WHOLE);
    deepEqual(warnings(given.store), []);
  });
}

const lasting: readonly { given: string; fault: Fault; code: string; requests: number }[] = [
  {
    ...{ given: "refuses", fault: { kind: "answer", status: 403, code: "AccessDenied" } },
    ...{ code: "content-unreadable", requests: 1 },
  },
  {
    ...{ given: "is busy", fault: { kind: "answer", status: 503, code: "SlowDown" } },
    ...{ code: "content-unreadable", requests: 4 },
  },
  {
    ...{ given: "breaks off within the bytes", fault: { kind: "reset", afterBytes: 0 } },
    ...{ code: "content-unreadable", requests: 4 },
  },
  {
    ...{ given: "sends too little", fault: { kind: "short", bytes: 0, unsaid: true } },
    ...{ code: "content-unreadable", requests: 4 },
  },
  {
    ...{ given: "stalls", fault: { kind: "stall", afterBytes: null } },
    ...{ code: "content-unreadable", requests: 4 },
  },
  {
    ...{ given: "stalls within the bytes", fault: { kind: "stall", afterBytes: 0 } },
    ...{ code: "content-unreadable", requests: 4 },
  },
  {
    ...{ given: "says 404", fault: { kind: "answer", status: 404, code: "NoSuchKey" } },
    ...{ code: "content-changed", requests: 1 },
  },
  {
    ...{ given: "says 416", fault: { kind: "answer", status: 416, code: "InvalidRange" } },
    ...{ code: "content-changed", requests: 1 },
  },
  {
    ...{ given: "has another ETag", fault: { kind: "headers", headers: { etag: '"other"' } } },
    ...{ code: "content-changed", requests: 1 },
  },
];

for (const { given: situation, fault, code, requests } of lasting) {
  const isFinal = code === "content-changed";
  test(`a bucket that ${situation} for ever is answered with ${code}`, async () => {
    await using given = await startFaulty(fault);
    const { bucket, clock, entry, store } = given;
    const { infoHash } = entry;
    const before = getsOf(bucket);
    const beganAtMs = clock.nowMs();
    await rejects(advanceUntil(clock, STEP_MS, store.read({ infoHash })), remote(code));
    equal(getsOf(bucket) - before, requests);
    ok(clock.nowMs() - beganAtMs < READ_MS_MAX, `${clock.nowMs() - beganAtMs} ms`);
    await rejects(advanceUntil(clock, STEP_MS, store.read({ infoHash })), remote(code));
    const message = isFinal ? "content changed" : "source unreadable";
    deepEqual(
      warnings(store).map((line) => line.message),
      [message],
    );

    bucket.faults.heal();
    if (isFinal) return await rejects(readAll(given), remote(code));
    deepEqual(await readAll(given), WHOLE);
    const last = store.telemetry.recorded.logs.at(-1);
    deepEqual([last?.message, last?.fields["infoHash"]], ["source readable again", infoHash]);
  });
}

test("an asker is kept waiting while a bucket is slower than the bus has patience", async () => {
  await using given = await startFaulty({ kind: "stall", afterBytes: null }, 1);
  const { bucket, clock, entry, store } = given;
  const request = { infoHash: entry.infoHash, piece: 0, begin: 0, length: 100, verify: false };
  const stream = store.bus.stream(readPieceCall, { holder: store.id }, request);
  const reading = Array.fromAsync(stream);
  await bucket.faults.stalled.count(1);
  bucket.faults.inject({ kind: "stall", afterBytes: 10 }, { times: 1 });
  // The first request is cut off, and the second stalls as well, but not for as long.
  await advanceUntil(clock, STEP_MS, bucket.faults.stalled.count(2));
  await advanceUntil(clock, STEP_MS, delay(clock, S3_READ_SILENCE_MS_MAX - 1_000));
  bucket.faults.resume();
  const chunks = await reading;
  deepEqual(Buffer.concat(chunks), WHOLE.subarray(0, 100));
  const empty = chunks.filter(({ length }) => length === 0).length;
  ok(empty >= Math.floor((2 * S3_READ_SILENCE_MS_MAX - 1_000) / KEEP_WAITING_MS), `${empty}`);
});

test("a listing that fails is tried again by the next who asks", async () => {
  await using given = await startWithBucket({ objects: { "d/a": WHOLE } });
  const { bucket, store } = given;
  const { entry } = await store.publish(bucket.at("d"));
  await store.restart();
  bucket.faults.inject({ kind: "answer", status: 403, code: "AccessDenied" });
  const { infoHash } = entry;
  await rejects(store.read({ infoHash }), remote("content-unreadable"));
  await rejects(store.read({ infoHash }), remote("content-unreadable"));
  deepEqual(
    warnings(store).map(({ message }) => message),
    ["source unreadable"],
  );
  bucket.faults.heal();
  deepEqual(await store.readAll(entry), WHOLE);
});
