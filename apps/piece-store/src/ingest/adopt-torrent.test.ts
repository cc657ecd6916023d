import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { flipBit, GivenStore, HOLDER, remote } from "../testing.ts";
import { adopt, badPiecesOf, check, endOf, givenTorrent, PIECE_BYTES } from "./testing.ts";

const A = randomBytes(PIECE_BYTES * 2 + 5);
const B = randomBytes(PIECE_BYTES + 9);
const FILES = { "d/a": A, "d/b/c": B };
const TREE = { a: A, "b/c": B };

const HASHED = "seedfleet_piece_store_hashed_bytes";

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`a ${version} torrent is adopted with the info hash it has, and read`, async () => {
    await using given = await GivenStore.start(FILES);
    const torrent = givenTorrent(TREE, { version });
    const { entry, hashed, skipped } = await adopt(given, torrent, { at: ["d"] });
    deepEqual([hashed, skipped], [true, []]);
    const { infoHash, infoHashV2, sizeBytes } = torrent.metainfo;
    deepEqual([entry.infoHash, entry.infoHashV2], [infoHash, infoHashV2]);
    deepEqual([entry.name, entry.version], ["content", version]);
    deepEqual([entry.contentBytes, entry.fileCount], [A.length + B.length, 2]);
    deepEqual(
      entry.sources.map(({ holder, location }) => [holder, location]),
      [[HOLDER, given.directory.at("d")]],
    );
    const whole = await given.readAll(entry);
    equal(whole.length, sizeBytes);
    deepEqual(whole.subarray(0, A.length), A);
    equal(given.telemetry.recorded.total(HASHED), A.length + B.length);
    await given.restart();
    deepEqual(await given.readAll(entry), whole);
  });

  test(`a single file is adopted by its ${version} torrent under whatever name`, async () => {
    await using given = await GivenStore.start({ "another name.bin": A });
    const torrent = givenTorrent({ "a.iso": A }, { version, name: "a.iso", single: true });
    const { entry } = await adopt(given, torrent, { at: ["another name.bin"] });
    deepEqual([entry.name, entry.infoHash], ["a.iso", torrent.metainfo.infoHash]);
    deepEqual((await given.readAll(entry)).subarray(0, A.length), A);
  });

  test(`one flipped bit keeps a ${version} torrent from being adopted`, async () => {
    await using given = await GivenStore.start(FILES);
    flipBit(given.directory.at("d/b/c"), B.length - 1);
    const adopted = adopt(given, givenTorrent(TREE, { version }), { at: ["d"] });
    await rejects(adopted, (error: Error) => {
      match(error, /1 of \d pieces have other bytes, \d the first of them/);
      return remote("content-mismatch")(error);
    });
    deepEqual(await given.catalogued(), []);
    equal((await badPiecesOf(given, givenTorrent(TREE, { version }).metainfo.infoHash)).length, 0);
  });
}

function match({ message }: Error, pattern: RegExp): void {
  ok(pattern.test(message), message);
}

const above = [
  { given: "a directory", files: { "downloads/content/a": A, "downloads/content/b/c": B } },
  { given: "a single file", files: { "downloads/content": A } },
] as const;

for (const { given: situation, files } of above) {
  test(`${situation} is found by the directory it was downloaded into`, async () => {
    await using given = await GivenStore.start({ ...files, "downloads/other": "1" });
    const single = "downloads/content" in files;
    const torrent = single ? givenTorrent({ content: A }, { single }) : givenTorrent(TREE);
    const { entry } = await adopt(given, torrent, { at: ["downloads/"] });
    equal(entry.sources[0]?.location, given.directory.at("downloads/content"));
    deepEqual((await given.readAll(entry)).subarray(0, A.length), A);
  });
}

test("a single file is found beside what cannot be listed", async () => {
  await using given = await GivenStore.start({ "downloads/a.iso": A });
  writeFileSync(Buffer.from(`${given.directory.path}/downloads/caf\xe9`, "latin1"), "x");
  const torrent = givenTorrent({ "a.iso": A }, { name: "a.iso", single: true });
  const { entry } = await adopt(given, torrent, { at: ["downloads"] });
  deepEqual(await given.readAll(entry), A);
});

test("what is wrong is told of the directory above only where the content is there", async () => {
  await using given = await GivenStore.start({ "x/content/a": A, "x/content/b/c": "1", "y/z": "" });
  const torrent = givenTorrent(TREE);
  await rejects(adopt(given, torrent, { at: ["x"] }), (error: Error) => {
    match(error, /x\/content.*b\/c has 1 bytes, by the torrent 16393/);
    return remote("content-mismatch")(error);
  });
  await rejects(adopt(given, torrent, { at: ["y"] }), (error: Error) => {
    match(error, /y\/a: there is nothing at that path/);
    return remote("content-missing")(error);
  });
});

test("on first use, a torrent is there at once, and nothing is hashed", async () => {
  await using given = await GivenStore.start(FILES);
  flipBit(given.directory.at("d/a"), PIECE_BYTES);
  const { entry, hashed } = await adopt(given, givenTorrent(TREE), {
    ...{ at: ["d"], check: "first-use" },
  });
  deepEqual([hashed, given.telemetry.recorded.total(HASHED)], [false, 0]);
  const { infoHash } = entry;
  const read = { infoHash, length: PIECE_BYTES, verify: true };
  deepEqual(await given.read(read), A.subarray(0, PIECE_BYTES));
  await rejects(given.read({ ...read, piece: 1 }), remote("piece-corrupt"));
  deepEqual(await given.jobs.list().then((jobs) => jobs.length), 1);
});

test("in the background, it is there at once, and what is bad is found afterwards", async () => {
  await using given = await GivenStore.start(FILES);
  flipBit(given.directory.at("d/a"), PIECE_BYTES);
  const { entry, hashed } = await adopt(given, givenTorrent(TREE), {
    ...{ at: ["d"], check: "background" },
  });
  const { infoHash } = entry;
  equal(hashed, false);
  const [, background] = await given.jobs.list();
  ok(background !== undefined);
  deepEqual(background.request.torrent, { kind: "check", infoHash });
  equal((await endOf(given, background)).state, "done");
  deepEqual(await badPiecesOf(given, infoHash), [1]);
  const read = { infoHash, length: PIECE_BYTES };
  await rejects(given.read({ ...read, piece: 1 }), remote("piece-corrupt"));
  deepEqual(await given.read(read), A.subarray(0, PIECE_BYTES));
  equal(given.telemetry.recorded.total(HASHED), A.length + B.length);
});

test("each place that is adopted is checked by a job of its own", async () => {
  await using given = await GivenStore.start({ ...FILES, "m/a": A, "m/b/c": B });
  flipBit(given.directory.at("m/a"), 0);
  const torrent = givenTorrent(TREE);
  await adopt(given, torrent, { at: ["d", "m"], check: "background" });
  const [, ...checks] = await given.jobs.list();
  deepEqual(
    new Set(checks.flatMap(({ request }) => request.locations)),
    new Set([given.directory.at("d"), given.directory.at("m")]),
  );
  for (const job of checks) equal((await endOf(given, job)).state, "done");
  // It was bad at one of them, and the other had it right.
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 1);
});

test("adopting once more without a look forgets nothing of what is known to be bad", async () => {
  await using given = await GivenStore.start(FILES);
  flipBit(given.directory.at("d/a"), PIECE_BYTES);
  const torrent = givenTorrent(TREE);
  const { infoHash } = torrent.metainfo;
  await adopt(given, torrent, { at: ["d"], check: "first-use" });
  await check(given, infoHash, ["d"]);
  await adopt(given, torrent, { at: ["d"], check: "first-use" });
  deepEqual(await badPiecesOf(given, infoHash), [1]);
  flipBit(given.directory.at("d/a"), PIECE_BYTES);
  await adopt(given, torrent, { at: ["d"] });
  deepEqual(await badPiecesOf(given, infoHash), []);
});

test("a torrent is adopted with a mirror, and read from it where the first is gone", async () => {
  await using given = await GivenStore.start({ ...FILES, "m/content/a": A, "m/content/b/c": B });
  const { entry } = await adopt(given, givenTorrent(TREE), { at: ["d", "m"] });
  const locations = entry.sources.map(({ location }) => location);
  deepEqual(locations, [given.directory.at("d"), given.directory.at("m/content")]);
  equal(given.telemetry.recorded.total(HASHED), 2 * (A.length + B.length));
  rmSync(given.directory.at("d"), { recursive: true });
  deepEqual(await given.readAll(entry), Buffer.concat([A, B]));
});

test("a bad mirror keeps a torrent from being adopted, and is named", async () => {
  await using given = await GivenStore.start({ ...FILES, "m/a": A, "m/b/c": B });
  flipBit(given.directory.at("m/a"), 0);
  await rejects(adopt(given, givenTorrent(TREE), { at: ["d", "m"] }), (error: Error) => {
    match(error, new RegExp(`${given.directory.at("m")} by this torrent: 1 of`));
    return remote("content-mismatch")(error);
  });
  deepEqual(await given.catalogued(), []);
});

test("a location that is named twice is one source", async () => {
  await using given = await GivenStore.start(FILES);
  const { entry } = await adopt(given, givenTorrent(TREE), { at: ["d", "d/", "d"] });
  equal(entry.sources.length, 1);
});

test("adopting what is published from another path makes both its sources", async () => {
  await using given = await GivenStore.start({ "x/d/a": A, "x/d/b/c": B, "y/a": A, "y/b/c": B });
  const made = await given.publish("x/d", { version: "hybrid" });
  const { infoHash } = made.entry;
  const adoption = { infoHash, check: "now" } as const;
  const job = await given.submitTo(["y"], { kind: "adopt", adoption });
  const { entry } = await given.resultOf(job);
  deepEqual(
    entry.sources.map(({ location }) => location),
    [given.directory.at("y"), given.directory.at("x/d")],
  );
  deepEqual({ ...entry, sources: [] }, { ...made.entry, sources: [] });
  // At once, without being loaded anew: the other is there when the first goes.
  rmSync(given.directory.at("y"), { recursive: true });
  deepEqual((await given.readAll(entry)).subarray(0, A.length), A);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_fallback_reads"), entry.pieceCount);
});
