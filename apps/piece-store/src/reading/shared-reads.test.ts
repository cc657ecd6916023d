import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { CatalogEntry } from "@seedfleet/contracts";
import { type Clock, delay, systemClock } from "@seedfleet/runtime";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { flipBit, type GivenConfig } from "../testing.ts";
import { READS_EACH_MAX } from "./source-reads.ts";
import { bucketConfig, type GivenBucketStore, getsOf, startWithBucket } from "./testing.ts";

const PIECE_BYTES = 65_536;
const WHOLE = randomBytes(PIECE_BYTES * 8);

type Cold = GivenBucketStore & { readonly entry: CatalogEntry };

/** A torrent of eight pieces whose listing is known, and none of its bytes. */
async function startCold(config: GivenConfig, clock: Clock = systemClock): Promise<Cold> {
  const given = await startWithBucket({ objects: { a: WHOLE } }, {}, { clock });
  const { bucket, store } = given;
  const options = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
  const { entry } = await store.publish(bucket.at("a"), options);
  await store.restart(store.bus, { ...bucketConfig(bucket), ...config });
  await store.read({ infoHash: entry.infoHash, piece: 7 });
  return { bucket, store, entry, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]() };
}

function pieceAt(piece: number): Buffer {
  return WHOLE.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
}

for (const cacheBytes of [0, 1_000_000]) {
  test(`twenty who ask for one piece cost one read, with ${cacheBytes} B of cache`, async () => {
    await using given = await startCold({ cacheBytes });
    const { bucket, store, entry } = given;
    const read = { infoHash: entry.infoHash, piece: 2, length: PIECE_BYTES };
    const before = getsOf(bucket);
    const asked = await Promise.all(Array.from({ length: 20 }, () => store.read(read)));
    for (const bytes of asked) ok(bytes.equals(pieceAt(2)));
    equal(getsOf(bucket) - before, 1);
    ok((await store.read(read)).equals(pieceAt(2)));
    equal(getsOf(bucket) - before, cacheBytes === 0 ? 2 : 1);
  });
}

test("who leaves leaves the others alone", async () => {
  await using given = await startCold({ cacheBytes: 0 });
  const { bucket, store, entry } = given;
  bucket.faults.inject({ kind: "stall", afterBytes: 100 });
  const read = { infoHash: entry.infoHash, piece: 2, length: PIECE_BYTES };
  const leaving = new AbortController();
  const left = Array.from({ length: 19 }, () => store.read(read, leaving.signal));
  const stayed = store.read(read);
  await bucket.faults.stalled.count(1);
  leaving.abort();
  await Promise.all(left.map((each) => rejects(each)));
  bucket.faults.heal();
  bucket.faults.resume();
  ok((await stayed).equals(pieceAt(2)));
  equal(bucket.faults.stalled.items.length, 1);
});

test("what nobody waits for any more is not begun", async () => {
  const clock = new VirtualClock();
  await using given = await startCold({ cacheBytes: 0 }, clock);
  const { bucket, store, entry } = given;
  const { infoHash } = entry;
  bucket.faults.inject({ kind: "stall", afterBytes: null });
  const before = getsOf(bucket);
  const leaving = new AbortController();
  const asked = Array.from({ length: 40 }, (_, begin) =>
    rejects(store.read({ infoHash, begin, length: 5 }, leaving.signal)),
  );
  await bucket.faults.stalled.count(READS_EACH_MAX);
  leaving.abort();
  await Promise.all(asked);
  // Requests that are under way cannot be taken back; but no other of the forty follows them.
  bucket.faults.heal();
  await advanceUntil(clock, 5, delay(clock, 20_000));
  equal(getsOf(bucket) - before, 2 * READS_EACH_MAX);
  deepEqual(await store.readAll(entry), WHOLE);
});

test("bytes that were wrong are not given from the cache once somebody has noticed", async () => {
  const config = { cacheBytes: 1_000_000, repairFiles: false };
  const files = { "a/x": WHOLE, "b/x": WHOLE };
  await using given = await startWithBucket({ objects: {}, files }, config);
  const { store } = given;
  const options = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
  await store.publish("b/x", options);
  const { entry } = await store.publish("a/x", options);
  equal(entry.sources.length, 2);
  await store.restart();
  const read = { infoHash: entry.infoHash, piece: 1, length: PIECE_BYTES };
  flipBit(store.directory.at("a/x"), PIECE_BYTES + 7);
  const wrong = await store.read(read);
  ok(!wrong.equals(pieceAt(1)));
  ok((await store.read(read)).equals(wrong));
  ok((await store.read({ ...read, verify: true })).equals(pieceAt(1)));
  ok((await store.read(read)).equals(pieceAt(1)));
});
