import { deepEqual, equal, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { MIRROR_BUCKET, type Mirror, retainCall, unmanageCall } from "@seedfleet/contracts";
import { type GivenStore, HOLDER, remote } from "../testing.ts";
import { GivenManaged, givenTorrent, manage, type OfferedTorrent } from "./testing.ts";

const PIECE_BYTES = 16_384;
const FILES = { "d/a": randomBytes(3 * PIECE_BYTES), "d/b": randomBytes(9) };
const OPTIONS = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;

async function unmanage({ bus }: GivenStore, { infoHash }: OfferedTorrent): Promise<boolean> {
  return (await bus.call(unmanageCall, { holder: HOLDER }, { infoHash })).removed;
}

test("what is not wanted any more goes, with its files and its metainfo", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer, root } = managed;
  const { infoHash } = torrent;
  await manage(given, torrent);
  await offerer.write({ infoHash, piece: 1 });
  equal(await unmanage(given, torrent), true);
  deepEqual(await given.catalogued(), []);
  equal(await given.catalog.metainfo(infoHash), null);
  deepEqual(readdirSync(root.at("managed")), []);
  await rejects(given.read({ infoHash, piece: 1 }), remote("torrent-unknown"));
  await rejects(offerer.write({ infoHash, piece: 2 }), remote("torrent-unknown"));
  equal(await unmanage(given, torrent), false);
  const { havePieces } = await manage(given, torrent);
  equal(havePieces, 0);
});

test("files that an interrupted removal left go with the next", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given, root } = managed;
  await manage(given, torrent);
  await given.catalog.remove(torrent.infoHash);
  equal(await unmanage(given, torrent), true);
  deepEqual(readdirSync(root.at("managed")), []);
});

test("a torrent that is read from elsewhere too stays, from there", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given } = managed;
  for (const [path, bytes] of Object.entries(FILES)) given.directory.write(path, bytes);
  const { entry } = await given.publish("d", OPTIONS);
  await manage(given, torrent);
  equal(await unmanage(given, torrent), true);
  deepEqual((await given.catalog.find(torrent.infoHash))?.sources, entry.sources);
  deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
});

test("while gateways download it, it is not removed", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given } = managed;
  const { infoHash } = torrent;
  await manage(given, torrent);
  const mirrors = await given.bus.keyValue(MIRROR_BUCKET);
  const mirror: Mirror = {
    ...{ infoHash, infoHashV2: null, name: "d", trackers: [], webSeeds: [], peers: [] },
    ...{ holder: HOLDER, purpose: "mirror", gateways: 1, dht: false, addedAtMs: 1 },
  };
  await mirrors.put(infoHash, Buffer.from(JSON.stringify(mirror)));
  await rejects(unmanage(given, torrent), remote("torrent-mirrored"));
  equal((await given.catalogued()).length, 1);
  const elsewhere = { ...mirror, holder: "store-2" };
  await mirrors.put(infoHash, Buffer.from(JSON.stringify(elsewhere)));
  equal(await unmanage(given, torrent), true);
});

test("pieces on their way when it is removed are not written", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer, root } = managed;
  const { infoHash, pieces } = torrent;
  await manage(given, torrent);
  const { promise: mayGoOn, resolve: release } = Promise.withResolvers<void>();
  offerer.give = async function* ({ piece }) {
    await mayGoOn;
    yield pieces[piece] ?? Buffer.of();
  };
  const write = offerer.write({ infoHash, piece: 0 });
  await offerer.asked.count(1);
  equal(await unmanage(given, torrent), true);
  release();
  await rejects(write, remote("content-unwritable"));
  equal(existsSync(root.at(`managed/${infoHash}`)), false);
});

test("retaining leaves managed content alone", async () => {
  const torrent = await givenTorrent(FILES, OPTIONS);
  await using managed = await GivenManaged.start([torrent]);
  const { given } = managed;
  const { entry } = await manage(given, torrent);
  equal((await given.bus.call(retainCall, { holder: HOLDER }, { locations: [] })).removed, 0);
  deepEqual(await given.catalogued(), [entry.infoHash]);
});
