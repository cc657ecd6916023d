import { deepEqual, equal, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { badPiecesOf } from "../ingest/testing.ts";
import { ScrubClock, ScrubStatesSeen } from "../scrub/testing.ts";
import { flipBit, type GivenConfig, GivenStore, remote } from "../testing.ts";
import { givenTorrent, Offerer } from "./testing.ts";

const PIECE_BYTES = 65_536;
const FILES = { "d/a": randomBytes(3 * PIECE_BYTES + 9), "d/b": randomBytes(PIECE_BYTES) };
const OPTIONS = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
const PATH = "d/a";

/** A published directory with a bad second piece that the scrub has found. */
async function givenBad(config: GivenConfig = {}) {
  const torrent = await givenTorrent(FILES, OPTIONS);
  const clock = new ScrubClock();
  const scrubbing = { scrubBytesPerSecond: 1024 ** 3, ...config };
  const given = await GivenStore.start(FILES, scrubbing, { clock });
  await given.publish("d", OPTIONS);
  flipBit(given.directory.at(PATH), PIECE_BYTES + 7);
  const states = await ScrubStatesSeen.watch(given.bus);
  await clock.begin();
  equal((await clock.runUntil(states.ended())).badPieces, 1);
  const offerer = new Offerer(given.bus, [torrent]);
  return { given, offerer, torrent, infoHash: torrent.infoHash };
}

test("a bad piece of published content that is offered is written in place", async () => {
  const { given, offerer, torrent, infoHash } = await givenBad();
  await using _given = given;
  deepEqual(await badPiecesOf(given, infoHash), [1]);
  const before = statSync(given.directory.at(PATH), { bigint: true });
  offerer.give = () => [randomBytes(PIECE_BYTES)];
  equal(await offerer.write({ infoHash, piece: 1 }), "corrupt");
  deepEqual(await badPiecesOf(given, infoHash), [1]);
  offerer.give = () => [torrent.pieces[1] ?? Buffer.of()];
  equal(await offerer.write({ infoHash, piece: 1 }), "verified");
  deepEqual(await badPiecesOf(given, infoHash), []);
  deepEqual(readFileSync(given.directory.at(PATH)), FILES[PATH]);
  const { ino, mtimeNs } = statSync(given.directory.at(PATH), { bigint: true });
  deepEqual([ino, mtimeNs], [before.ino, before.mtimeNs]);
  const read = { infoHash, piece: 1, length: PIECE_BYTES };
  deepEqual(await given.read(read), Buffer.from(torrent.pieces[1] ?? []));
  // Of what is right nothing is asked.
  const asked = offerer.asked.items.length;
  equal(await offerer.write({ infoHash, piece: 0 }), "verified");
  equal(offerer.asked.items.length, asked);
  await rejects(offerer.write({ infoHash, piece: 99 }), remote("piece-out-of-range"));
});

test("where files are not to be repaired a piece that is offered is refused", async () => {
  const { given, offerer, infoHash } = await givenBad({ repairFiles: false });
  await using _given = given;
  await rejects(offerer.write({ infoHash, piece: 1 }), remote("content-unwritable"));
  equal(offerer.asked.items.length, 0);
  deepEqual(await badPiecesOf(given, infoHash), [1]);
});
