import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type CatalogEntry,
  DEFAULT_TORRENT_OPTIONS,
  type TorrentOptions,
} from "@seedfleet/contracts";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { VirtualClock } from "@seedfleet/testkit";
import { conditionOf } from "../ingest/testing.ts";
import { flipBit, GivenStore, remote } from "../testing.ts";
import { HEDGE_MS } from "./source-failures.ts";
import { bucketConfig, getsOf, padded, startWithBucket, withPayloadMax } from "./testing.ts";

const PIECE_BYTES = 16_384;

/** The first file ends within the second piece of a v1 torrent. */
const FILES = { x: randomBytes(PIECE_BYTES + 100), y: randomBytes(2 * PIECE_BYTES) };
const BOTH = { "a/d/x": FILES.x, "a/d/y": FILES.y, "b/d/x": FILES.x, "b/d/y": FILES.y };

async function publishBoth(
  given: GivenStore,
  options: Partial<TorrentOptions>,
): Promise<CatalogEntry> {
  const all = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES, ...options };
  const job = await given.submitTo(["a/d", "b/d"], { kind: "make", options: all });
  return (await given.resultOf(job)).entry;
}

function read(
  given: GivenStore,
  entry: CatalogEntry,
  { piece, verify = true }: { readonly piece: number; readonly verify?: boolean },
): Promise<Buffer> {
  const { infoHash } = entry;
  return given.read({ infoHash, piece, length: pieceLengthAt(entry, piece), verify });
}

function pieceAt(entry: CatalogEntry, piece: number): Buffer {
  const begin = piece * PIECE_BYTES;
  return padded(FILES, entry).subarray(begin, begin + pieceLengthAt(entry, piece));
}

async function badAt(given: GivenStore, { infoHash }: CatalogEntry): Promise<unknown> {
  const condition = await conditionOf(given, infoHash);
  return (condition?.badPieces ?? []).map(({ location, piece }) => [
    location.slice(given.directory.path.length + 1),
    piece,
  ]);
}

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`every piece of a ${version} torrent is found bad, given right, and repaired`, async () => {
    await using given = await GivenStore.start(BOTH);
    const entry = await publishBoth(given, { version });
    for (const at of [5, PIECE_BYTES + 5]) flipBit(given.directory.at("a/d/x"), at);
    flipBit(given.directory.at("b/d/y"), 2 * PIECE_BYTES - 1);
    for (let piece = 0; piece < entry.pieceCount; piece += 1) {
      deepEqual(await read(given, entry, { piece }), pieceAt(entry, piece), `piece ${piece}`);
    }
    // What is bad at the second source only is not looked at as long as the first is right.
    await given.store[Symbol.asyncDispose]();
    deepEqual(readFileSync(given.directory.at("a/d/x")), FILES.x);
    deepEqual(await badAt(given, entry), []);
  });
}

test("a piece over two files is repaired in the one that is bad", async () => {
  await using given = await GivenStore.start(BOTH);
  const entry = await publishBoth(given, { version: "v1" });
  flipBit(given.directory.at("a/d/y"), 7);
  deepEqual(await read(given, entry, { piece: 1 }), pieceAt(entry, 1));
  for (const name of ["x", "y"] as const) {
    deepEqual(readFileSync(given.directory.at(`a/d/${name}`)), FILES[name]);
  }
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 1);
  deepEqual(await given.readAll(entry), padded(FILES, entry));
  equal(given.telemetry.recorded.total("seedfleet_piece_store_fallback_reads"), 0);
});

test("where all sources are bad in one piece it is refused, and only this one", async () => {
  await using given = await GivenStore.start(BOTH);
  const entry = await publishBoth(given, { version: "v1" });
  for (const place of ["a", "b"]) flipBit(given.directory.at(`${place}/d/x`), 3);
  for (let time = 0; time < 2; time += 1) {
    await rejects(read(given, entry, { piece: 0 }), remote("piece-corrupt"));
    await rejects(read(given, entry, { piece: 0, verify: false }), remote("piece-corrupt"));
  }
  deepEqual(await read(given, entry, { piece: 1 }), pieceAt(entry, 1));
  deepEqual(await badAt(given, entry), [
    ["a/d", 0],
    ["b/d", 0],
  ]);
  const told = given.telemetry.recorded.logs.filter(({ message }) => message === "piece bad");
  equal(told.length, 2);
  // Somebody puts one of them right by hand, and the store the other.
  flipBit(given.directory.at("b/d/x"), 3);
  deepEqual(await read(given, entry, { piece: 0 }), pieceAt(entry, 0));
  deepEqual(await badAt(given, entry), []);
  deepEqual(readFileSync(given.directory.at("a/d/x")), FILES.x);
});

test("where repair is off a bad piece stays, and is given from the mirror", async () => {
  await using given = await GivenStore.start(BOTH, { repairFiles: false });
  const entry = await publishBoth(given, { version: "hybrid" });
  flipBit(given.directory.at("a/d/x"), 3);
  const before = readFileSync(given.directory.at("a/d/x"));
  deepEqual(await read(given, entry, { piece: 0 }), pieceAt(entry, 0));
  deepEqual(await read(given, entry, { piece: 0, verify: false }), pieceAt(entry, 0));
  deepEqual(readFileSync(given.directory.at("a/d/x")), before);
  deepEqual(await badAt(given, entry), [["a/d", 0]]);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 0);
});

test("a piece that is bad here and cannot be read there may be asked for again", async () => {
  const objects = { "m/x": FILES.x };
  await using given = await startWithBucket({ objects, files: { "a/x": FILES.x } });
  const { bucket, store } = given;
  const options = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };
  const job = await store.submitTo(["a", bucket.at("m")], { kind: "make", options });
  const { entry } = await store.resultOf(job);
  const piece = { infoHash: entry.infoHash, length: PIECE_BYTES, verify: true };
  flipBit(store.directory.at("a/x"), 3);
  bucket.faults.inject({ kind: "answer", status: 403 });
  await rejects(store.read(piece), remote("content-unreadable"));
  bucket.faults.heal();
  deepEqual(await store.read(piece), FILES.x.subarray(0, PIECE_BYTES));
});

test("a bucket that stalls delays a checked piece by the hedge", async () => {
  const clock = new VirtualClock();
  const content = { objects: { "m/x": FILES.x }, files: { "a/x": FILES.x } };
  await using given = await startWithBucket(content, {}, { clock });
  const { bucket, store } = given;
  const options = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };
  const job = await store.submitTo([bucket.at("m"), "a"], { kind: "make", options });
  const { entry } = await store.resultOf(job);
  const piece = { infoHash: entry.infoHash, length: PIECE_BYTES, verify: true };
  await store.read(piece);
  bucket.faults.inject({ kind: "stall", afterBytes: 10 });
  const reading = store.read(piece);
  await bucket.faults.stalled.count(1);
  clock.advance(HEDGE_MS);
  deepEqual(await reading, FILES.x.subarray(0, PIECE_BYTES));
  deepEqual(await store.read(piece), FILES.x.subarray(0, PIECE_BYTES));
  deepEqual([clock.nowMs(), bucket.faults.stalled.items.length], [HEDGE_MS, 1]);
});

test("a checked piece is read once, however many chunks it goes in", async () => {
  await using given = await startWithBucket({ objects: { x: FILES.x } });
  const { bucket, store } = given;
  const options = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
  const { infoHash } = (await store.publish(bucket.at("x"), options)).entry;
  await store.restart(withPayloadMax(store.bus, 1_024), bucketConfig(bucket));
  await store.read({ infoHash });
  const before = getsOf(bucket);
  const read = { infoHash, begin: 100, length: PIECE_BYTES - 200, verify: true };
  deepEqual(await store.read(read), FILES.x.subarray(100, PIECE_BYTES - 100));
  equal(getsOf(bucket) - before, 1);
});

test("whoever asks for checked pieces and leaves holds up nobody", async () => {
  await using given = await GivenStore.start(BOTH);
  const entry = await publishBoth(given, { version: "v1" });
  const { infoHash } = entry;
  for (let time = 0; time < 20; time += 1) {
    const leaving = new AbortController();
    const asked = [0, 1, 2].map((piece) =>
      given.read({ infoHash, piece, verify: true }, leaving.signal).catch(() => {}),
    );
    if (time % 2 === 0) await given.read({ infoHash });
    leaving.abort();
    await Promise.all(asked);
  }
  for (const piece of [0, 1, 2]) {
    ok((await read(given, entry, { piece })).equals(pieceAt(entry, piece)));
  }
});
