import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { InfoHash } from "@seedfleet/bytes";
import { CATALOG_BUCKET, type CatalogEntry, catalogChangedEvent } from "@seedfleet/contracts";
import { advanceUntil, Gathered, VirtualClock } from "@seedfleet/testkit";
import { away } from "../ingest/testing.ts";
import { flipBit, type GivenStore, refusing } from "../testing.ts";
import { COMPLETION_RETRY_MS } from "./managed-completion.ts";
import { GivenManaged, givenTorrent, manage } from "./testing.ts";

const PIECE_BYTES = 16_384;
const FILES = { "d/a": randomBytes(3 * PIECE_BYTES), "d/b": randomBytes(9) };
const OPTIONS = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;

function changesOf({ bus }: GivenStore): Gathered<InfoHash> {
  const changes = new Gathered<InfoHash>();
  bus.subscribe(catalogChangedEvent, {}, ({ infoHash }) => void changes.add(infoHash));
  return changes;
}

async function entryOf({ catalog }: GivenStore, infoHash: InfoHash): Promise<CatalogEntry> {
  const entry = await catalog.find(infoHash);
  ok(entry !== null);
  return entry;
}

test("an entry is incomplete until the last piece is verified, and the fleet is told", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  const { infoHash, pieces } = torrent;
  const changes = changesOf(given);
  const { entry } = await manage(given, torrent);
  equal(entry.incomplete, true);
  for (const piece of pieces.keys()) {
    equal((await entryOf(given, infoHash)).incomplete, true);
    await offerer.write({ infoHash, piece });
  }
  deepEqual(await changes.count(1), [infoHash]);
  equal("incomplete" in (await entryOf(given, infoHash)), false);
  equal((await manage(given, torrent)).entry.incomplete, undefined);
  deepEqual((await entryOf(given, infoHash)).sources, entry.sources);
});

test("a torrent of which a piece is bad stays incomplete until it is had again", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer, root } = managed;
  const { infoHash, pieces } = torrent;
  await manage(given, torrent);
  const whole = changesOf(given);
  for (const piece of pieces.keys()) await offerer.write({ infoHash, piece });
  await whole.count(1);
  flipBit(root.at(`managed/${infoHash}/content/a`), 2 * PIECE_BYTES + 7);
  await rejects(given.read({ infoHash, piece: 2, length: PIECE_BYTES, verify: true }));
  // As seedfleet restore does.
  await given.catalog.change(infoHash, (entry) => entry && { ...entry, incomplete: true });
  await given.restart();
  equal((await manage(given, torrent)).entry.incomplete, true);
  const changes = changesOf(given);
  await offerer.write({ infoHash, piece: 0 });
  equal((await entryOf(given, infoHash)).incomplete, true);
  await offerer.write({ infoHash, piece: 2 });
  deepEqual(await changes.count(1), [infoHash]);
  equal((await entryOf(given, infoHash)).incomplete, undefined);
  deepEqual(
    await given.read({ infoHash, piece: 2, length: PIECE_BYTES }),
    Buffer.from(pieces[2] ?? []),
  );
});

test("a store that died after the last piece tells it when it starts", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  const { infoHash, pieces } = torrent;
  await manage(given, torrent);
  await given.restart(refusing(given.bus, CATALOG_BUCKET, ["update"]));
  for (const piece of pieces.keys()) await offerer.write({ infoHash, piece });
  equal((await entryOf(given, infoHash)).incomplete, true);
  const changes = changesOf(given);
  await given.restart();
  deepEqual(await changes.count(1), [infoHash]);
  equal((await entryOf(given, infoHash)).incomplete, undefined);
});

test("a completion that could not be told is told later", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  const clock = new VirtualClock();
  await using managed = await GivenManaged.start([torrent], { ports: { clock } });
  const { given, offerer } = managed;
  const { infoHash, pieces } = torrent;
  await manage(given, torrent);
  await given.restart(away(given.bus, CATALOG_BUCKET, 1));
  const changes = changesOf(given);
  for (const piece of pieces.keys()) await offerer.write({ infoHash, piece });
  deepEqual(await advanceUntil(clock, COMPLETION_RETRY_MS, changes.count(1)), [infoHash]);
  equal((await entryOf(given, infoHash)).incomplete, undefined);
});

test("another source that has all of it keeps the torrent complete", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given } = managed;
  for (const [path, bytes] of Object.entries(FILES)) given.directory.write(path, bytes);
  await given.publish("d", OPTIONS);
  const { entry } = await manage(given, torrent);
  deepEqual([entry.sources.length, entry.incomplete], [2, undefined]);
});

test("a torrent that is published from elsewhere is complete, and without that not", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given } = managed;
  const { infoHash } = torrent;
  await manage(given, torrent);
  for (const [path, bytes] of Object.entries(FILES)) given.directory.write(path, bytes);
  const published = await given.publish("d", OPTIONS);
  deepEqual([published.entry.sources.length, published.entry.incomplete], [2, undefined]);
  // Other content at the place: the torrent is no longer published from there.
  given.directory.write("d/b", "other");
  await given.publish("d", OPTIONS);
  const left = await entryOf(given, infoHash);
  deepEqual([left.sources.length, left.incomplete], [1, true]);
});
