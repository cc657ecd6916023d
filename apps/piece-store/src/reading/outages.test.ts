import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { Fault } from "@seedfleet/content-s3/testing";
import { type CatalogEntry, DEFAULT_TORRENT_OPTIONS } from "@seedfleet/contracts";
import { delay } from "@seedfleet/runtime";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { GivenStore, remote } from "../testing.ts";
import { READ_ELSEWHERE_MS_MAX } from "./piece-reader.ts";
import { HEDGE_MS } from "./source-failures.ts";
import { READS_EACH_MAX } from "./source-reads.ts";
import {
  bucketConfig,
  type GivenBucketStore,
  getsOf,
  startWithBucket,
  warnings,
} from "./testing.ts";
import { SOURCE_REST_MS } from "./torrent-source.ts";

const PIECE_BYTES = 16_384;
const WHOLE = randomBytes(PIECE_BYTES * 12);
const FALLBACKS = "seedfleet_piece_store_fallback_reads";

type Mirrored = GivenBucketStore & { readonly entry: CatalogEntry; readonly clock: VirtualClock };

/** One torrent in a bucket and in a directory, the one or the other of them first. */
async function startMirrored(first: "bucket" | "directory"): Promise<Mirrored> {
  const clock = new VirtualClock();
  const content = { objects: { "m/x": WHOLE }, files: { "d/x": WHOLE } };
  const given = await startWithBucket(content, {}, { clock });
  const { bucket, store } = given;
  const places = [bucket.at("m"), store.directory.at("d")];
  const options = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };
  const torrent = { kind: "make", options } as const;
  const job = await store.submitTo(first === "bucket" ? places : places.toReversed(), torrent);
  const { entry } = await store.resultOf(job);
  deepEqual(await store.readAll(entry), WHOLE);
  equal(store.telemetry.recorded.total(FALLBACKS), 0);
  return { bucket, store, entry, clock, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]() };
}

function read({ store, entry }: Mirrored, piece: number): Promise<Buffer> {
  return store.read({ infoHash: entry.infoHash, piece, length: PIECE_BYTES });
}

function pieceAt(piece: number): Buffer {
  return WHOLE.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
}

test("a directory that is gone is read from its bucket, without a delay", async () => {
  await using given = await startMirrored("directory");
  const { bucket, clock, entry, store } = given;
  equal(getsOf(bucket), 0);
  rmSync(store.directory.at("d"), { recursive: true });
  deepEqual(await store.readAll(entry), WHOLE);
  equal(clock.nowMs(), 0);
  equal(store.telemetry.recorded.total(FALLBACKS), entry.pieceCount);
});

const failures: readonly { readonly given: string; readonly fault: Fault }[] = [
  { given: "refuses", fault: { kind: "answer", status: 403, code: "AccessDenied" } },
  { given: "has lost the object", fault: { kind: "answer", status: 404, code: "NoSuchKey" } },
];

for (const { given: situation, fault } of failures) {
  test(`a bucket that ${situation} is read from its directory, without a delay`, async () => {
    await using given = await startMirrored("bucket");
    const { bucket, clock, entry, store } = given;
    bucket.faults.inject(fault);
    const before = getsOf(bucket);
    deepEqual(await store.readAll(entry), WHOLE);
    deepEqual([clock.nowMs(), getsOf(bucket) - before], [0, 1]);
    equal(store.telemetry.recorded.total(FALLBACKS), entry.pieceCount);
  });
}

const silences: readonly { readonly given: string; readonly fault: Fault }[] = [
  { given: "stalls", fault: { kind: "stall", afterBytes: null } },
  { given: "stalls within the bytes", fault: { kind: "stall", afterBytes: 10 } },
];

for (const { given: situation, fault } of silences) {
  test(`a bucket that ${situation} delays a read by the hedge, and then none`, async () => {
    await using given = await startMirrored("bucket");
    const { bucket, clock } = given;
    bucket.faults.inject(fault);
    const before = getsOf(bucket);
    const first = [0, 1, 2].map((piece) => read(given, piece));
    await bucket.faults.stalled.count(3);
    clock.advance(HEDGE_MS);
    deepEqual(await Promise.all(first), [0, 1, 2].map(pieceAt));
    deepEqual(await read(given, 3), pieceAt(3));
    equal(clock.nowMs(), HEDGE_MS);
    equal(getsOf(bucket) - before, 3);
  });
}

test("after a while one read goes to see whether a bucket is well again", async () => {
  await using given = await startMirrored("bucket");
  const { bucket, clock } = given;
  bucket.faults.inject({ kind: "answer", status: 403 });
  deepEqual(await read(given, 0), pieceAt(0));
  const before = getsOf(bucket);
  clock.advance(SOURCE_REST_MS);
  const pieces = [1, 2, 3, 4];
  deepEqual(await Promise.all(pieces.map((piece) => read(given, piece))), pieces.map(pieceAt));
  equal(getsOf(bucket) - before, 1);

  bucket.faults.heal();
  deepEqual(await read(given, 5), pieceAt(5));
  equal(getsOf(bucket) - before, 1);
  clock.advance(SOURCE_REST_MS);
  for (const piece of [6, 7, 8]) deepEqual(await read(given, piece), pieceAt(piece));
  equal(getsOf(bucket) - before, 4);
});

test("a bucket that cannot be listed delays a read by the hedge", async () => {
  await using given = await startMirrored("bucket");
  const { bucket, clock, store } = given;
  await store.restart();
  bucket.faults.inject({ kind: "stall", afterBytes: null });
  const first = read(given, 0);
  await bucket.faults.stalled.count(1);
  clock.advance(HEDGE_MS);
  deepEqual(await first, pieceAt(0));
  deepEqual(await read(given, 1), pieceAt(1));
  equal(clock.nowMs(), HEDGE_MS);
});

test("a bucket that stalls holds up neither directories nor other torrents in it", async () => {
  const clock = new VirtualClock();
  const objects = { a: WHOLE, b: WHOLE.subarray(1) };
  const files = { c: WHOLE.subarray(2) };
  await using given = await startWithBucket({ objects, files }, {}, { clock });
  const { bucket, store } = given;
  const options = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
  const stalled = (await store.publish(bucket.at("a"), options)).entry;
  const other = (await store.publish(bucket.at("b"), options)).entry;
  const local = (await store.publish("c", options)).entry;
  deepEqual(await store.readAll(other), WHOLE.subarray(1));
  deepEqual(await store.readAll(stalled), WHOLE);

  bucket.faults.inject({ kind: "stall", afterBytes: null }, { when: ({ key }) => key === "a" });
  const leaving = new AbortController();
  const asked = Array.from({ length: 500 }, (_, begin) =>
    store.read({ infoHash: stalled.infoHash, begin }, leaving.signal),
  );
  const refused = Promise.all(asked.map((each) => rejects(each)));
  await bucket.faults.stalled.count(READS_EACH_MAX);
  deepEqual(await store.readAll(local), WHOLE.subarray(2));
  deepEqual(await store.readAll(other), WHOLE.subarray(1));
  equal(clock.nowMs(), 0);
  equal(bucket.faults.stalled.items.length, READS_EACH_MAX);
  leaving.abort();
  await refused;
});

test("where another store has the torrent nobody waits long for a bucket", async () => {
  const clock = new VirtualClock();
  await using given = await startWithBucket({ objects: { "m/x": WHOLE } }, {}, { clock });
  const { bucket, store } = given;
  const ports = { bus: store.bus, clock };
  await using other = await GivenStore.start({ "m/x": WHOLE }, { id: "store-2" }, ports);
  const options = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
  const { infoHash } = (await store.publish(bucket.at("m"), options)).entry;
  equal((await other.publish("m", options)).entry.infoHash, infoHash);
  await store.bus.flush();
  await store.read({ infoHash });

  bucket.faults.inject({ kind: "stall", afterBytes: null });
  const beganAtMs = clock.nowMs();
  const reading = rejects(store.read({ infoHash, begin: 1 }), remote("content-unreadable"));
  await advanceUntil(clock, 5, reading);
  const tookMs = clock.nowMs() - beganAtMs;
  ok(tookMs >= READ_ELSEWHERE_MS_MAX && tookMs < READ_ELSEWHERE_MS_MAX + 1_000, `${tookMs} ms`);
  // Once the bucket has failed, at once, and without a request.
  const failed = delay(clock, 25_000);
  await advanceUntil(clock, 5, failed);
  const before = getsOf(bucket);
  const failedAtMs = clock.nowMs();
  await rejects(store.read({ infoHash, begin: 1 }), remote("content-unreadable"));
  deepEqual([clock.nowMs() - failedAtMs, getsOf(bucket) - before], [0, 0]);
  equal((await other.read({ infoHash, length: 5 })).length, 5);
});

test("a store that stops does not wait for a bucket that stalls", async () => {
  const clock = new VirtualClock();
  const bucketStore = await startWithBucket({ objects: { a: WHOLE } }, {}, { clock });
  await using _given = bucketStore;
  const { bucket, store } = bucketStore;
  const { infoHash } = (await store.publish(bucket.at("a"))).entry;
  await store.restart(store.bus, { ...bucketConfig(bucket), cacheBytes: 1_000_000 });
  await store.read({ infoHash });
  bucket.faults.inject({ kind: "stall", afterBytes: null });
  const reading = rejects(store.read({ infoHash, begin: 1 }), remote("content-unreadable"));
  await bucket.faults.stalled.count(1);
  const beganAtMs = clock.nowMs();
  await advanceUntil(clock, 5, Promise.resolve(store.store[Symbol.asyncDispose]()));
  ok(clock.nowMs() - beganAtMs < 3_000, `${clock.nowMs() - beganAtMs} ms`);
  await reading;
  deepEqual(warnings(store), []);
});
