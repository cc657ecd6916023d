import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import { type CatalogEntry, type IngestProgress, pieceConditionEvent } from "@seedfleet/contracts";
import { flipBit, GivenStore, remote } from "../testing.ts";
import {
  adopt,
  badPiecesOf,
  check,
  conditionOf,
  givenTorrent,
  PIECE_BYTES,
  writeLong,
} from "./testing.ts";

const WHOLE = randomBytes(PIECE_BYTES * 4 + 100);
const REPAIRED = "seedfleet_piece_store_repaired_pieces";

test("a check finds nothing wrong with what is right, and changes nothing", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a", { version: "hybrid" });
  const checked = await check(given, entry.infoHash, ["a"]);
  deepEqual(checked, { entry, hashed: true, skipped: [] });
  equal(await conditionOf(given, entry.infoHash), null);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_ingests", { outcome: "checked" }), 1);
});

test("a check takes back a source whose files were touched, if every byte is right", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a");
  const { infoHash } = entry;
  utimesSync(given.directory.at("a/x"), 5, 5);
  await rejects(given.readAll(entry), remote("content-changed"));
  equal((await conditionOf(given, infoHash))?.stale.length, 1);
  const checked = await check(given, infoHash, ["a"]);
  notEqual(checked.entry.sources[0]?.fingerprint, entry.sources[0]?.fingerprint);
  equal(await conditionOf(given, infoHash), null);
  deepEqual(await given.readAll(entry), WHOLE);
  await given.restart();
  deepEqual(await given.readAll(entry), WHOLE);
});

test("a check leaves a source refused whose files were written to", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a");
  const { infoHash } = entry;
  const written = Buffer.from(WHOLE);
  written[0] = ~(WHOLE[0] ?? 0);
  writeFileSync(given.directory.at("a/x"), written);
  await check(given, infoHash, ["a"]);
  deepEqual(await badPiecesOf(given, infoHash), [0]);
  await rejects(given.read({ infoHash, piece: 1 }), remote("content-changed"));
  deepEqual(await given.catalog.find(infoHash), entry);
});

test("a check notes what is bad, and those that no longer are", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a");
  const { infoHash } = entry;
  const told: unknown[] = [];
  given.bus.subscribe(pieceConditionEvent, {}, ({ piece, condition }) => {
    told.push([piece, condition]);
  });
  const path = given.directory.at("a/x");
  for (const piece of [0, 2, 4]) flipBit(path, piece * PIECE_BYTES);
  await check(given, infoHash, ["a"]);
  deepEqual(await badPiecesOf(given, infoHash), [0, 2, 4]);
  equal(given.telemetry.recorded.gauge("seedfleet_piece_store_bad_pieces"), 3);
  await rejects(given.read({ infoHash, piece: 2 }), remote("piece-corrupt"));
  equal((await given.read({ infoHash, piece: 1 })).length, 1);

  flipBit(path, 2 * PIECE_BYTES);
  await check(given, infoHash, ["a"]);
  deepEqual(await badPiecesOf(given, infoHash), [0, 4]);
  await given.restart();
  await rejects(given.read({ infoHash, piece: 4 }), remote("piece-corrupt"));

  for (const piece of [0, 4]) flipBit(path, piece * PIECE_BYTES);
  await check(given, infoHash, ["a"]);
  equal(await conditionOf(given, infoHash), null);
  deepEqual(await given.readAll(entry), WHOLE);
  const bad = [0, 2, 4].map((piece) => [piece, "bad"]);
  deepEqual(told, [...bad, [2, "repaired"]]);
});

test("a check repairs what a mirror has right, and the file stays the one published", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE, "b/x": WHOLE });
  const entry = await published(given, ["a", "b"]);
  const path = given.directory.at("a/x");
  for (const piece of [1, 3]) flipBit(path, piece * PIECE_BYTES + 5);
  const checked = await check(given, entry.infoHash, ["a"]);
  ok(readFileSync(path).equals(WHOLE));
  equal(await conditionOf(given, entry.infoHash), null);
  equal(given.telemetry.recorded.total(REPAIRED), 2);
  deepEqual(checked.entry, entry);
  deepEqual(await given.readAll(entry), WHOLE);
});

test("a check repairs nothing where that is not wanted", async () => {
  await using given = await GivenStore.start(
    { "a/x": WHOLE, "b/x": WHOLE },
    { repairFiles: false },
  );
  const entry = await published(given, ["a", "b"]);
  flipBit(given.directory.at("a/x"), 5);
  await check(given, entry.infoHash, ["a"]);
  ok(!readFileSync(given.directory.at("a/x")).equals(WHOLE));
  deepEqual(await badPiecesOf(given, entry.infoHash), [0]);
  deepEqual(await given.readAll(entry), WHOLE);
});

test("a check of all places repairs each from the other", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE, "b/x": WHOLE });
  const entry = await published(given, ["a", "b"]);
  flipBit(given.directory.at("a/x"), 5);
  flipBit(given.directory.at("b/x"), 4 * PIECE_BYTES);
  await check(given, entry.infoHash, ["a", "b"]);
  for (const path of ["a/x", "b/x"]) ok(readFileSync(given.directory.at(path)).equals(WHOLE));
  equal(await conditionOf(given, entry.infoHash), null);
});

test("a check of a mirror leaves the sources in their order", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE, "b/x": WHOLE });
  const entry = await published(given, ["a", "b"]);
  utimesSync(given.directory.at("b/x"), 5, 5);
  const checked = await check(given, entry.infoHash, ["b"]);
  deepEqual(
    checked.entry.sources.map(({ location }) => location),
    ["a", "b"].map((path) => given.directory.at(path)),
  );
});

test("a check of many pieces at several places tells how far it is of them all", async () => {
  await using given = await GivenStore.start();
  const sizeBytes = 32 * 2 ** 20;
  for (const path of ["a", "b"]) writeLong(given.directory.at(path), sizeBytes);
  const { entry } = await given.publish("a");
  const told: IngestProgress[] = [];
  const job = await given.submitTo(["a", "b"], { kind: "check", infoHash: entry.infoHash });
  const checked = await given.resultOf(job, (progress) => told.push(progress));
  // What is right is another source, as if it had been adopted.
  equal(checked.entry.sources.length, 2);
  const checking = told.filter(({ phase }) => phase === "checking");
  ok(checking.every(({ totalBytes }) => totalBytes === 2 * sizeBytes));
  const doneBytes = checking.map((progress) => progress.doneBytes);
  deepEqual(
    doneBytes,
    doneBytes.toSorted((a, b) => a - b),
  );
  deepEqual([doneBytes[0], doneBytes.at(-1)], [0, 2 * sizeBytes]);
});

const refused = [
  { given: "a torrent that is not in the catalog", unpublished: true, code: "torrent-unknown" },
  { given: "a place with other files", path: "other", code: "content-missing" },
  { given: "a place with other bytes that is no source", path: "bad", code: "content-mismatch" },
] as const;

for (const { given: situation, code, ...refusal } of refused) {
  test(`a check is refused with ${code} given ${situation}`, async () => {
    const bad = Buffer.concat([WHOLE.subarray(1), Buffer.of(0)]);
    await using given = await GivenStore.start({ "a/x": WHOLE, "other/y": "1", "bad/x": bad });
    const { entry } = await given.publish("a");
    const unknown = parseInfoHash("ab".repeat(20));
    ok(unknown);
    const infoHash = "unpublished" in refusal ? unknown : entry.infoHash;
    const path = "path" in refusal ? refusal.path : "a";
    await rejects(check(given, infoHash, [path]), remote(code));
    equal(await conditionOf(given, infoHash), null);
    deepEqual(await given.catalogued(), [entry.infoHash]);
  });
}

test("a check of a v2 torrent finds what is bad beside its padding", async () => {
  const contents = { a: WHOLE, b: WHOLE.subarray(7), c: Buffer.of(1) };
  await using given = await GivenStore.start({
    "d/a": contents.a,
    "d/b": contents.b,
    "d/c": "\x01",
  });
  for (const version of ["v2", "hybrid"] as const) {
    const { entry } = await adopt(given, givenTorrent(contents, { version }), { at: ["d"] });
    flipBit(given.directory.at("d/c"), 0);
    await check(given, entry.infoHash, ["d"]);
    deepEqual(await badPiecesOf(given, entry.infoHash), [10]);
    flipBit(given.directory.at("d/c"), 0);
  }
});

async function published(given: GivenStore, paths: readonly string[]): Promise<CatalogEntry> {
  const torrent = givenTorrent({ x: WHOLE });
  return (await adopt(given, torrent, { at: paths, check: "first-use" })).entry;
}
