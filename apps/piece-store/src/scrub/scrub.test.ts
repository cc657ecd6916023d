import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { Bus } from "@seedfleet/bus";
import {
  type CatalogEntry,
  CONDITION_BUCKET,
  DEFAULT_TORRENT_OPTIONS,
  pieceConditionEvent,
  SCRUB_BUCKET,
  torrentCondition,
} from "@seedfleet/contracts";
import { flipBit, type GivenConfig, type GivenFiles, GivenStore, remote } from "../testing.ts";
import { ScrubClock, ScrubStatesSeen } from "./testing.ts";

const PIECE_BYTES = 16_384;
const WHOLE = randomBytes(PIECE_BYTES * 9 + 100);
const FAST: GivenConfig = { scrubBytesPerSecond: 1024 ** 3 };

const SCRUBBED = "seedfleet_piece_store_scrubbed_bytes";
const PROGRESS = "seedfleet_piece_store_scrub_progress_ratio";
const ROUND_END = "seedfleet_piece_store_scrub_round_end_timestamp_seconds";

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`a scrub checks everything held of ${version}, at its pace, and tells`, async () => {
    const files = { "a/x": WHOLE, "a/y": randomBytes(7), "a/z": WHOLE, b: randomBytes(100_000) };
    const heldBytes = 2 * WHOLE.length + 100_007;
    const bytesPerSecond = 50_000;
    const { given, clock, states } = await givenScrub(files, {
      scrubBytesPerSecond: bytesPerSecond,
    });
    await using _ = given;
    for (const path of ["a", "b"]) await given.publish(path, { version });
    await clock.begin();
    const beganMs = clock.nowMs();
    const ended = await clock.runUntil(states.ended());
    const tookMs = clock.nowMs() - beganMs;
    // The last piece is waited for by nobody, and each torrent costs a moment.
    const leastMs = ((heldBytes - PIECE_BYTES) * 1_000) / bytesPerSecond;
    ok(tookMs >= leastMs && tookMs < leastMs + 1_000, `${tookMs} ms, at least ${leastMs}`);
    const counts = { checkedBytes: heldBytes, badPieces: 0, repairedPieces: 0 };
    deepEqual(countsOf(ended), counts);
    deepEqual(roundsLogged(given), [{ round: 1, ...counts }]);
    const { recorded } = given.telemetry;
    equal(recorded.total(SCRUBBED), heldBytes);
    equal(recorded.gauge(PROGRESS), 1);
    equal(recorded.gauge(ROUND_END), (ended.endedAtMs ?? 0) / 1_000);
    const kept = await (await given.bus.keyValue(SCRUB_BUCKET)).get(`${given.id}.ended`);
    deepEqual(JSON.parse(Buffer.from(kept?.value ?? []).toString()), ended);
  });
}

test("a scrub shows how far it is", async () => {
  const { given, clock, states } = await givenScrub(
    { a: WHOLE, b: randomBytes(WHOLE.length) },
    { scrubBytesPerSecond: PIECE_BYTES },
  );
  await using _ = given;
  for (const path of ["a", "b"]) await given.publish(path);
  const progress = (): number => given.telemetry.recorded.gauge(PROGRESS) ?? Number.NaN;
  equal(progress(), 0);
  await clock.begin();
  const shown: number[] = [];
  for (const pieces of [5, 10, 15]) {
    const isThere = states.when(({ checkedBytes }) => checkedBytes >= pieces * PIECE_BYTES);
    await clock.runUntil(isThere);
    shown.push(progress());
  }
  const [early = 0, half = 0, late = 0] = shown;
  ok(early > 0.2 && early < half && half < late && late < 1, shown.join(" "));
  await clock.runUntil(states.ended());
  equal(progress(), 1);
});

test("a flipped bit is found without anybody reading it, told, and never given", async () => {
  const { given, clock, states } = await givenScrub({ "a/x": WHOLE }, { ...FAST, cacheBytes: 1e6 });
  await using _ = given;
  const { entry } = await given.publish("a");
  const { infoHash } = entry;
  const told = conditionsTold(given.bus);
  flipBit(given.directory.at("a/x"), 4 * PIECE_BYTES + 5);
  // It was read before it was found, and is in the store's memory.
  const read = { infoHash, piece: 4, length: PIECE_BYTES };
  await given.read(read);
  await clock.begin();
  const ended = await clock.runUntil(states.ended());
  deepEqual(countsOf(ended), { checkedBytes: WHOLE.length, badPieces: 1, repairedPieces: 0 });
  deepEqual(told, [{ piece: 4, condition: "bad" }]);
  equal(given.telemetry.recorded.gauge("seedfleet_piece_store_bad_pieces"), 1);
  deepEqual(logged(given, "error", "piece bad"), [
    { infoHash, name: "a", location: given.directory.at("a"), piece: 4 },
  ]);
  deepEqual(await badPiecesKept(given, entry), [4]);
  await rejects(given.read(read), remote("piece-corrupt"));
  await rejects(given.read({ ...read, verify: true }), remote("piece-corrupt"));
  deepEqual(
    await given.read({ ...read, piece: 5 }),
    WHOLE.subarray(5 * PIECE_BYTES, 6 * PIECE_BYTES),
  );
});

test("a piece that was put right by hand is given again", async () => {
  const { given, clock, states } = await givenScrub({ "a/x": WHOLE }, FAST);
  await using _ = given;
  const { entry } = await given.publish("a");
  flipBit(given.directory.at("a/x"), 5);
  await clock.begin();
  await clock.runUntil(states.ended());
  await rejects(given.readAll(entry), remote("piece-corrupt"));
  flipBit(given.directory.at("a/x"), 5);
  await clock.nextRound();
  const ended = await clock.runUntil(states.ended(2));
  deepEqual(countsOf(ended), { checkedBytes: WHOLE.length, badPieces: 0, repairedPieces: 0 });
  deepEqual(await badPiecesKept(given, entry), []);
  deepEqual(await given.readAll(entry), WHOLE);
});

test("what a scrub finds to be bad is repaired from a mirror", async () => {
  const { given, clock, states } = await givenScrub({ "a/x": WHOLE, "b/x": WHOLE }, FAST);
  await using _ = given;
  const options = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };
  const job = await given.submitTo(["a", "b"], { kind: "make", options });
  const { entry } = await given.resultOf(job);
  const told = conditionsTold(given.bus);
  flipBit(given.directory.at("a/x"), 1);
  flipBit(given.directory.at("b/x"), 9 * PIECE_BYTES + 99);
  await clock.begin();
  const ended = await clock.runUntil(states.ended());
  deepEqual(countsOf(ended), { checkedBytes: 2 * WHOLE.length, badPieces: 2, repairedPieces: 2 });
  deepEqual(told, [
    { piece: 0, condition: "bad" },
    { piece: 0, condition: "repaired" },
    { piece: 9, condition: "bad" },
    { piece: 9, condition: "repaired" },
  ]);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 2);
  deepEqual(await badPiecesKept(given, entry), []);
  for (const path of ["a/x", "b/x"]) {
    rmSync(given.directory.at(path));
    if (path === "a/x") deepEqual(await given.readAll(entry), WHOLE);
  }
});

test("what a scrub finds to be bad is repaired from another store", async () => {
  const { given, clock, states } = await givenScrub({ x: WHOLE }, FAST);
  await using _ = given;
  const { entry } = await given.publish("x");
  const ports = { bus: given.bus };
  await using other = await GivenStore.start({ x: WHOLE }, { id: "store-2" }, ports);
  equal((await other.publish("x")).entry.infoHash, entry.infoHash);
  flipBit(given.directory.at("x"), 2 * PIECE_BYTES);
  await clock.begin();
  const ended = await clock.runUntil(states.ended());
  deepEqual(countsOf(ended), { checkedBytes: WHOLE.length, badPieces: 1, repairedPieces: 1 });
  deepEqual(await given.readAll(entry), WHOLE);
});

test("a stale source is noted and passed over", async () => {
  const files = { "a/x": WHOLE, "b/x": WHOLE, "c/x": randomBytes(1_000) };
  const { given, clock, states } = await givenScrub(files, FAST);
  await using _ = given;
  const options = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };
  await given.resultOf(await given.submitTo(["a", "b"], { kind: "make", options }));
  await given.publish("c");
  given.directory.write("a/x", "other");
  await clock.begin();
  const ended = await clock.runUntil(states.ended());
  const checkedBytes = WHOLE.length + 1_000;
  deepEqual(countsOf(ended), { checkedBytes, badPieces: 0, repairedPieces: 0 });
  equal(given.telemetry.recorded.gauge("seedfleet_piece_store_stale_torrents"), 1);
  equal(logged(given, "warn", "content changed").length, 1);
});

test("a torrent that is published anew while it is checked is not taken for stale", async () => {
  const config = { scrubBytesPerSecond: PIECE_BYTES };
  const { given, clock, states } = await givenScrub({ x: WHOLE }, config);
  await using _ = given;
  await given.publish("x");
  await clock.begin();
  await clock.runUntil(states.when(({ at }) => (at?.piece ?? 0) >= 3));
  given.directory.write("x", WHOLE);
  await given.publish("x");
  const ended = await clock.runUntil(states.ended());
  equal(ended.checkedBytes, WHOLE.length);
  deepEqual(logged(given, "warn", "content changed"), []);
});

test("torrents may come and go while a round is under way", async () => {
  const files = Object.fromEntries([..."abcde"].map((name) => [name, Buffer.alloc(160_000, name)]));
  const { given, clock, states } = await givenScrub(files, { scrubBytesPerSecond: PIECE_BYTES });
  await using _ = given;
  for (const path of "abcd") await given.publish(path);
  const [first, second, third, fourth] = await given.catalogued();
  ok(first !== undefined && second !== undefined && third !== undefined);
  await clock.begin();
  // The one that is being checked, too.
  await clock.runUntil(states.when(({ at }) => at?.infoHash === second && at.piece > 0));
  for (const infoHash of [second, third]) await given.catalog.remove(infoHash);
  const { infoHash } = (await given.publish("e")).entry;
  const ended = await clock.runUntil(states.ended());
  ok(ended.checkedBytes >= 2 * 160_000 + PIECE_BYTES && ended.checkedBytes < 3 * 160_000);
  await clock.nextRound();
  const next = await clock.runUntil(states.ended(2));
  deepEqual(countsOf(next), { checkedBytes: 3 * 160_000, badPieces: 0, repairedPieces: 0 });
  deepEqual(await given.catalogued(), [first, fourth, infoHash].toSorted());
});

async function givenScrub(files: GivenFiles, config: GivenConfig) {
  const clock = new ScrubClock();
  const given = await GivenStore.start(files, config, { clock });
  return { given, clock, states: await ScrubStatesSeen.watch(given.bus) };
}

function conditionsTold(bus: Bus): unknown[] {
  const told: unknown[] = [];
  bus.subscribe(pieceConditionEvent, {}, ({ piece, condition }) => {
    told.push({ piece, condition });
  });
  return told;
}

async function badPiecesKept(given: GivenStore, { infoHash }: CatalogEntry): Promise<number[]> {
  const found = await (await given.bus.keyValue(CONDITION_BUCKET)).get(`${given.id}.${infoHash}`);
  if (found === null) return [];
  const kept = torrentCondition.parse(JSON.parse(Buffer.from(found.value).toString()));
  return kept.badPieces.map(({ piece }) => piece);
}

function countsOf(state: { checkedBytes: number; badPieces: number; repairedPieces: number }) {
  const { checkedBytes, badPieces, repairedPieces } = state;
  return { checkedBytes, badPieces, repairedPieces };
}

function logged(given: GivenStore, level: string, message: string): unknown[] {
  return given.telemetry.recorded.logs
    .filter((line) => line.level === level && line.message === message)
    .map(({ fields }) => fields);
}

function roundsLogged(given: GivenStore): unknown[] {
  return logged(given, "info", "scrub round ended");
}
