import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { test } from "node:test";
import {
  CONDITION_BUCKET,
  DEFAULT_TORRENT_OPTIONS,
  pieceConditionEvent,
  torrentCondition,
} from "@seedfleet/contracts";
import { flipBit, GivenStore, HOLDER, type Published, remote } from "../testing.ts";

const PIECE_BYTES = 16_384;
const WHOLE = randomBytes(PIECE_BYTES * 4 + 100);
const BOTH = { "a/x": WHOLE, "b/x": WHOLE };

test("a torrent is read from its mirror where the first source is gone", async () => {
  await using given = await GivenStore.start(BOTH);
  const { entry } = await publishBoth(given);
  deepEqual(await given.readAll(entry), WHOLE);
  equal(given.telemetry.recorded.total(FALLBACKS), 0);
  rmSync(given.directory.at("a/x"));
  deepEqual(await given.readAll(entry), WHOLE);
  equal(given.telemetry.recorded.total(FALLBACKS), entry.pieceCount);
  const { stale } = (await conditionOf(given, entry.infoHash)) ?? { stale: [] };
  deepEqual(
    stale.map(({ location, path }) => [location, path]),
    [[given.directory.at("a"), given.directory.at("a/x")]],
  );
  rmSync(given.directory.at("b/x"));
  await rejects(given.read({ infoHash: entry.infoHash }), remote("content-changed"));
});

test("a flipped bit is passed over once its piece is checked, and never given again", async () => {
  await using given = await GivenStore.start(BOTH, { repairFiles: false });
  const { entry } = await publishBoth(given);
  const { infoHash } = entry;
  const told: unknown[] = [];
  given.bus.subscribe(pieceConditionEvent, {}, ({ piece, condition }) => {
    told.push([piece, condition]);
  });
  flipBit(given.directory.at("a/x"), PIECE_BYTES + 7);
  const piece = { infoHash, piece: 1, length: PIECE_BYTES };
  const right = WHOLE.subarray(PIECE_BYTES, 2 * PIECE_BYTES);
  ok(!(await given.read(piece)).equals(right));
  deepEqual(await given.read({ ...piece, verify: true }), right);
  deepEqual(await given.read(piece), right);
  await given.restart();
  deepEqual(await given.readAll(entry), WHOLE);
  deepEqual(told, [[1, "bad"]]);
  equal((await conditionOf(given, infoHash))?.badPieces[0]?.piece, 1);
});

test("a flipped bit without a mirror is refused", async () => {
  await using given = await GivenStore.start({ "a/x": WHOLE });
  const { entry } = await given.publish("a");
  const { infoHash } = entry;
  flipBit(given.directory.at("a/x"), 3);
  const read = { infoHash, length: PIECE_BYTES };
  await rejects(given.read({ ...read, verify: true }), remote("piece-corrupt"));
  await rejects(given.read(read), remote("piece-corrupt"));
  const others = await given.read({ infoHash, piece: 1, length: PIECE_BYTES });
  deepEqual(others, WHOLE.subarray(PIECE_BYTES, 2 * PIECE_BYTES));
});

test("a flipped bit is repaired from the mirror, and the file stays as published", async () => {
  await using given = await GivenStore.start(BOTH);
  const { entry } = await publishBoth(given);
  const { infoHash } = entry;
  flipBit(given.directory.at("a/x"), 3 * PIECE_BYTES);
  await given.read({ infoHash, piece: 3, length: PIECE_BYTES, verify: true });
  equal(await conditionOf(given, infoHash), null);
  rmSync(given.directory.at("b/x"));
  deepEqual(await given.readAll(entry), WHOLE);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_repaired_pieces"), 1);
});

test("a mirror whose files have other sizes is refused, and nothing is published", async () => {
  await using given = await GivenStore.start({ ...BOTH, "b/x": WHOLE.subarray(1) });
  await rejects(publishBoth(given), remote("content-mismatch"));
  deepEqual(await given.catalogued(), []);
});

const FALLBACKS = "seedfleet_piece_store_fallback_reads";

async function publishBoth(given: GivenStore): Promise<Published> {
  const options = { ...DEFAULT_TORRENT_OPTIONS, pieceLengthBytes: PIECE_BYTES };
  return await given.resultOf(await given.submitTo(["a", "b"], { kind: "make", options }));
}

async function conditionOf(given: GivenStore, infoHash: string) {
  const conditions = await given.bus.keyValue(CONDITION_BUCKET);
  const found = await conditions.get(`${HOLDER}.${infoHash}`);
  return found === null
    ? null
    : torrentCondition.parse(JSON.parse(String(Buffer.from(found.value))));
}
