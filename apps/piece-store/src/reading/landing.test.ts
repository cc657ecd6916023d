import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { Landing } from "@seedfleet/bus";
import { infoHashFromBytes } from "@seedfleet/bytes";
import {
  type CatalogEntry,
  DEFAULT_TORRENT_OPTIONS,
  type PieceRead,
  readPieceCall,
} from "@seedfleet/contracts";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { turn } from "@seedfleet/testkit";
import { GivenStore, remote } from "../testing.ts";
import { getsOf, padded, startWithBucket } from "./testing.ts";

const PIECE_BYTES = 16_384;

type Landed = { readonly landing: Landing<PieceRead>; readonly chunks: Uint8Array };

/** Reads a piece whose asker would have it in three parts with a gap before each. */
async function land(
  { bus, id }: GivenStore,
  entry: CatalogEntry,
  { piece, verify = false }: { readonly piece: number; readonly verify?: boolean },
): Promise<Landed> {
  const length = pieceLengthAt(entry, piece);
  const memory = Buffer.alloc(length + 39, "?");
  const ends = [Math.floor(length / 3), Math.floor(length / 2), length];
  const parts = ends.map((end, index) => {
    const gap = 13 * (index + 1);
    return memory.subarray(gap + (ends[index - 1] ?? 0), gap + end);
  });
  const landing = new Landing<PieceRead>(parts);
  const request = { infoHash: entry.infoHash, piece, begin: 0, length, verify };
  const stream = bus.stream(readPieceCall, { holder: id }, request, { landing });
  const chunks = Buffer.concat(await Array.fromAsync(stream));
  ok(!landing.isFilled || chunks.length === 0);
  ok([0, 13, 26].every((gap, index) => memory[gap + (ends[index - 1] ?? 0)] === 63));
  return { landing, chunks };
}

for (const version of ["v1", "hybrid"] as const) {
  test(`pieces of a ${version} torrent are read to where they are wanted`, async () => {
    const files = {
      "d/a": randomBytes(PIECE_BYTES * 3 + 5),
      "d/b": randomBytes(7),
      "d/c": randomBytes(100_000),
    };
    await using given = await GivenStore.start(files);
    const { entry } = await given.publish("d", { version, pieceLengthBytes: PIECE_BYTES });
    const pieces: Buffer[] = [];
    for (let piece = 0; piece < entry.pieceCount; piece += 1) {
      const { landing } = await land(given, entry, { piece });
      ok(landing.isFilled);
      pieces.push(Buffer.concat(landing.parts));
    }
    const whole = padded(files, entry);
    deepEqual(Buffer.concat(pieces).subarray(0, whole.length), whole);
    const { recorded } = given.telemetry;
    const well = { outcome: "ok" };
    equal(recorded.total("seedfleet_piece_store_reads", well), entry.pieceCount);
    equal(recorded.total("seedfleet_piece_store_read_bytes"), Buffer.concat(pieces).length);
  });
}

const WHOLE = randomBytes(PIECE_BYTES * 4 + 100);
const OPTIONS = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };

test("a piece whose first source is gone is read to its place from its mirror", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE, "b/x": WHOLE });
  const job = await given.submitTo(["a", "b"], { kind: "make", options: OPTIONS });
  const { entry } = await given.resultOf(job);
  rmSync(given.directory.at("a/x"));
  const { landing } = await land(given, entry, { piece: 1 });
  ok(landing.isFilled);
  deepEqual(Buffer.concat(landing.parts), WHOLE.subarray(PIECE_BYTES, 2 * PIECE_BYTES));
  rmSync(given.directory.at("b/x"));
  await rejects(land(given, entry, { piece: 2 }), remote("content-changed"));
});

test("a piece of a bucket comes in chunks, also where a directory failed before it", async () => {
  const content = { objects: { "m/x": WHOLE }, files: { "d/x": WHOLE } };
  for (const first of ["bucket", "directory"] as const) {
    await using given = await startWithBucket(content);
    const { bucket, store } = given;
    const both = [bucket.at("m"), store.directory.at("d")];
    const places = first === "bucket" ? both : both.toReversed();
    const job = await store.submitTo(places, { kind: "make", options: OPTIONS });
    const { entry } = await store.resultOf(job);
    const before = getsOf(bucket);
    rmSync(store.directory.at("d"), { recursive: true });
    const { chunks, landing } = await land(store, entry, { piece: 4 });
    deepEqual(chunks, WHOLE.subarray(4 * PIECE_BYTES));
    deepEqual([landing.isFilled, landing.isTaken], [false, false]);
    equal(getsOf(bucket), before + 1);
  }
});

test("a piece that is to be checked, and one that lies here already, come in chunks", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE }, { cacheBytes: PIECE_BYTES });
  const { entry } = await given.publish("a", { version: "v1", pieceLengthBytes: PIECE_BYTES });
  const right = WHOLE.subarray(0, PIECE_BYTES);
  const checked = await land(given, entry, { piece: 0, verify: true });
  deepEqual([checked.chunks, checked.landing.isTaken], [right, false]);
  await given.read({ infoHash: entry.infoHash, length: PIECE_BYTES });
  const kept = await land(given, entry, { piece: 0 });
  deepEqual([kept.chunks, kept.landing.isTaken], [right, false]);
});

test("a landing of another length is left alone", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a", { version: "v1", pieceLengthBytes: PIECE_BYTES });
  const landing = new Landing<PieceRead>([new Uint8Array(PIECE_BYTES - 1)]);
  const request = { infoHash: entry.infoHash, piece: 0, begin: 0, length: PIECE_BYTES };
  const stream = given.bus.stream(
    readPieceCall,
    { holder: given.id },
    { ...request, verify: false },
    { landing },
  );
  deepEqual(Buffer.concat(await Array.fromAsync(stream)), WHOLE.subarray(0, PIECE_BYTES));
  deepEqual([landing.isFilled, landing.isTaken], [false, false]);
});

test("who has read a piece to its place may read others at once, while all is well", async (t) => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a", { version: "v1", pieceLengthBytes: PIECE_BYTES });
  const { atOnce } = (await land(given, entry, { piece: 0 })).landing;
  ok(atOnce !== null);
  const { infoHash } = entry;
  const parts = [Buffer.alloc(100), Buffer.alloc(PIECE_BYTES - 100)];
  const request = { infoHash, piece: 2, begin: 0, length: PIECE_BYTES, verify: false };
  if (!atOnce(request, parts)) return t.skip("this system reads nothing without waiting");
  deepEqual(Buffer.concat(parts), WHOLE.subarray(2 * PIECE_BYTES, 3 * PIECE_BYTES));
  const end = [Buffer.alloc(60)];
  ok(atOnce({ ...request, piece: 4, begin: 40, length: 60 }, end));
  deepEqual(Buffer.concat(end), WHOLE.subarray(-60));
  for (const wrong of [
    { ...request, verify: true },
    { ...request, piece: 5 },
    { ...request, begin: 1 },
    { ...request, infoHash: infoHashFromBytes(new Uint8Array(20)) },
  ]) {
    equal(atOnce(wrong, parts), false);
  }
  rmSync(given.directory.at("a/x"));
  // The path is looked at every few milliseconds.
  while (atOnce(request, parts)) await turn();
});
