import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { GivenBucket, Seen } from "@seedfleet/content-s3/testing";
import type { CatalogEntry } from "@seedfleet/contracts";
import { VirtualClock } from "@seedfleet/testkit";
import { bucketConfig, type GivenBucketStore, startWithBucket } from "./testing.ts";

const PIECE_BYTES = 16_384;
const PIECES = 20;
const OPTIONS = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
const WHOLE = randomBytes(PIECE_BYTES * PIECES);

type Given = GivenBucketStore & { readonly entry: CatalogEntry; readonly clock: VirtualClock };

/** A torrent whose listing is known, since nothing but its bytes is counted. */
async function startCached(cacheBytes = 1_000_000): Promise<Given> {
  const clock = new VirtualClock();
  const objects = { a: WHOLE, b: WHOLE.subarray(1) };
  const given = await startWithBucket({ objects }, {}, { clock });
  const { bucket, store } = given;
  const { entry } = await store.publish(bucket.at("a"), OPTIONS);
  await store.restart(store.bus, { ...bucketConfig(bucket), cacheBytes });
  await store.read({ infoHash: entry.infoHash, begin: 1 });
  return { bucket, store, entry, clock, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]() };
}

function isPiece(piece: number): (seen: Seen) => boolean {
  const begin = piece * PIECE_BYTES;
  return ({ key, range }) => key === "a" && range === `bytes=${begin}-${begin + PIECE_BYTES - 1}`;
}

/** The pieces of which the whole was asked for, in order. */
function piecesRead({ faults }: GivenBucket): number[] {
  const pieces = Array.from({ length: PIECES }, (_, piece) => piece);
  return pieces.filter((piece) => faults.seen.items.some(isPiece(piece)));
}

async function read({ store, entry }: Given, piece: number): Promise<void> {
  const bytes = await store.read({ infoHash: entry.infoHash, piece, length: PIECE_BYTES });
  ok(bytes.equals(WHOLE.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES)));
}

test("who reads in order has the next pieces read before they are asked for", async () => {
  await using given = await startCached();
  const { bucket } = given;
  await read(given, 4);
  deepEqual(piecesRead(bucket), [4]);
  await read(given, 5);
  const { seen } = bucket.faults;
  for (const piece of [6, 7]) await seen.until((all) => all.some(isPiece(piece)));
  await read(given, 6);
  await seen.until((all) => all.some(isPiece(8)));
  await read(given, 7);
  await read(given, 8);
  for (const piece of [4, 5, 6, 7, 8]) equal(seen.items.filter(isPiece(piece)).length, 1);
});

test("two who read a torrent in order, each at its own place, are both read ahead", async () => {
  await using given = await startCached();
  const { bucket } = given;
  for (const piece of [2, 12, 3, 13]) await read(given, piece);
  for (const piece of [4, 5, 14, 15]) {
    await bucket.faults.seen.until((all) => all.some(isPiece(piece)));
  }
});

test("the last pieces are read ahead, and nothing after them", async () => {
  await using given = await startCached();
  const { bucket, store } = given;
  for (const piece of [PIECES - 3, PIECES - 2]) await read(given, piece);
  await bucket.faults.seen.until((all) => all.some(isPiece(PIECES - 1)));
  await store.store[Symbol.asyncDispose]();
  deepEqual(piecesRead(bucket), [PIECES - 3, PIECES - 2, PIECES - 1]);
});

const nothing = [
  { given: "who reads at random", pieces: [9, 3, 15, 0, 6, 18], cacheBytes: 1_000_000 },
  { given: "who reads backwards", pieces: [9, 8, 7, 6], cacheBytes: 1_000_000 },
  { given: "who reads one piece again and again", pieces: [9, 9, 9], cacheBytes: 0 },
  { given: "a store without a cache", pieces: [1, 2, 3], cacheBytes: 0 },
  { given: "a cache that would not hold it", pieces: [1, 2, 3], cacheBytes: 2 * PIECE_BYTES },
];

for (const { given: situation, pieces, cacheBytes } of nothing) {
  test(`nothing is read ahead given ${situation}`, async () => {
    await using given = await startCached(cacheBytes);
    for (const piece of pieces) await read(given, piece);
    // A read that had begun would have been seen when the store has stopped.
    await given.store.store[Symbol.asyncDispose]();
    deepEqual(
      piecesRead(given.bucket),
      [...new Set(pieces)].toSorted((a, b) => a - b),
    );
  });
}

test("nothing is read ahead while the bucket has much to do", async () => {
  await using given = await startCached();
  const { bucket, store } = given;
  const busy = (await store.publish(bucket.at("b"), OPTIONS)).entry;
  await store.read({ infoHash: busy.infoHash });
  bucket.faults.inject({ kind: "stall", afterBytes: null }, { when: ({ key }) => key === "b" });
  const leaving = new AbortController();
  const stalled = Array.from({ length: 10 }, (_, at) =>
    rejects(store.read({ infoHash: busy.infoHash, begin: at + 1 }, leaving.signal)),
  );
  await bucket.faults.stalled.count(6);
  for (const piece of [4, 5, 6]) await read(given, piece);
  leaving.abort();
  await Promise.all(stalled);
  await store.store[Symbol.asyncDispose]();
  deepEqual(piecesRead(bucket), [4, 5, 6]);
});

test("a store that stops does not wait for what is read ahead", async () => {
  await using given = await startCached();
  const { bucket, clock, store } = given;
  const isAhead = (seen: Seen): boolean => isPiece(6)(seen) || isPiece(7)(seen);
  bucket.faults.inject({ kind: "stall", afterBytes: 10 }, { when: isAhead });
  for (const piece of [4, 5]) await read(given, piece);
  await bucket.faults.stalled.count(2);
  await store.store[Symbol.asyncDispose]();
  equal(clock.nowMs(), 0);
});
