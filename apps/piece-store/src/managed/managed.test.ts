import { deepEqual, equal, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import { manageCall, pieceVerifiedEvent } from "@seedfleet/contracts";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { Gathered, realPartTest, startNatsServer } from "@seedfleet/testkit";
import { type GivenFiles, GivenStore, HOLDER, remote } from "../testing.ts";
import { GivenManaged, givenTorrent, manage, type OfferedTorrent } from "./testing.ts";

const PIECE_BYTES = 65_536;

const FILES: GivenFiles = {
  "d/a": randomBytes(3 * PIECE_BYTES + 5),
  "d/sub/b": randomBytes(100),
  "d/sub/c": "",
  "d/sub/d": randomBytes(PIECE_BYTES),
};

const UNKNOWN = parseInfoHash("ab".repeat(20)) ?? ("" as never);

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`pieces of ${version} that are offered come back, also after a restart`, async () => {
    const torrent = await givenTorrent(FILES, { version, pieceLengthBytes: PIECE_BYTES });
    await using managed = await GivenManaged.start([torrent]);
    await writesAll(managed, torrent);
    for (const [path, bytes] of Object.entries(FILES)) {
      deepEqual(managed.onDisk(torrent, path.slice(2)), Buffer.from(bytes));
    }
  });
}

realPartTest(["nats-server"], "pieces that are offered over NATS come back", async () => {
  const torrent = await givenTorrent(
    { "d/a": randomBytes(3_000_000) },
    { pieceLengthBytes: 1024 * 1024 },
  );
  const server = await startNatsServer();
  const ports = { clock: systemClock, telemetry: silentTelemetry, name: "managed-test" };
  const account = { user: null, password: null, token: null };
  const bus = await connectBus({ servers: [server.url], ...account }, ports);
  const managed = await GivenManaged.start([torrent], { ports: { bus } });
  await writesAll(managed, torrent);
  await managed[Symbol.asyncDispose]();
  await bus.close();
  await server.stop();
});

async function writesAll(managed: GivenManaged, torrent: OfferedTorrent): Promise<void> {
  const { given, offerer } = managed;
  const { infoHash, pieces } = torrent;
  const told = new Gathered<number>();
  given.bus.subscribe(pieceVerifiedEvent, { params: { infoHash } }, ({ holder, piece }) => {
    equal(holder, HOLDER);
    told.add(piece);
  });
  const { entry, havePieces } = await manage(given, torrent);
  deepEqual([entry.infoHash, entry.pieceCount, havePieces], [infoHash, pieces.length, 0]);
  deepEqual(await given.catalogued(), [infoHash]);
  for (const [piece, { length }] of pieces.entries()) {
    await rejects(given.read({ infoHash, piece, length }), remote("piece-absent"));
    equal(await offerer.write({ infoHash, piece }), "verified");
    deepEqual(await given.read({ infoHash, piece, length }), Buffer.from(pieces[piece] ?? []));
  }
  deepEqual(
    await told.count(pieces.length),
    pieces.map((_, piece) => piece),
  );
  deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
  await given.restart();
  deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
  equal((await manage(given, torrent)).havePieces, pieces.length);
  equal(given.telemetry.recorded.total("seedfleet_piece_store_writes"), 0);
  // What is there need not be given once more.
  const before = offerer.asked.items.length;
  equal(await offerer.write({ infoHash, piece: 0 }), "verified");
  equal(offerer.asked.items.length, before);
}

test("a store without a root for it keeps no content of the fleet's own", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent], { config: { managedRoot: null } });
  const { given, offerer } = managed;
  await rejects(manage(given, torrent), remote("managed-content-off"));
  const write = offerer.write({ infoHash: torrent.infoHash, piece: 0 });
  await rejects(write, remote("torrent-unknown"));
  deepEqual(await given.catalogued(), []);
});

test("managing a torrent whose metainfo is nowhere is refused", async () => {
  await using managed = await GivenManaged.start([]);
  const { bus } = managed.given;
  const managing = bus.call(manageCall, { holder: HOLDER }, { infoHash: UNKNOWN });
  await rejects(managing, remote("torrent-unknown"));
  const write = managed.offerer.write({ infoHash: UNKNOWN, piece: 0 });
  await rejects(write, remote("torrent-unknown"));
});

test("a torrent that is read from elsewhere already gets its managed source at once", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  for (const [path, bytes] of Object.entries(FILES)) given.directory.write(path, bytes);
  const { entry } = await given.publish("d", { version: "hybrid", pieceLengthBytes: PIECE_BYTES });
  const { infoHash } = torrent;
  equal(entry.infoHash, infoHash);
  await given.readAll(entry);
  equal((await manage(given, torrent)).entry.sources.length, 2);
  equal(await offerer.write({ infoHash, piece: 1 }), "verified");
  for (const path of Object.keys(FILES)) given.directory.write(path, "other");
  const read = { infoHash, length: PIECE_BYTES };
  deepEqual(await given.read({ ...read, piece: 1 }), Buffer.from(torrent.pieces[1] ?? []));
  await rejects(given.read({ ...read, piece: 2 }));
});

test("a piece that went bad is taken anew", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer, root } = managed;
  const { infoHash, pieces } = torrent;
  const { entry } = await manage(given, torrent);
  for (const piece of pieces.keys()) await offerer.write({ infoHash, piece });
  const spoilt = managed.onDisk(torrent, "a");
  spoilt[PIECE_BYTES] = (spoilt[PIECE_BYTES] ?? 0) ^ 1;
  root.write(`managed/${infoHash}/content/a`, spoilt);
  const read = { infoHash, piece: 1, length: PIECE_BYTES };
  await rejects(given.read({ ...read, verify: true }), remote("piece-corrupt"));
  equal(await offerer.write({ infoHash, piece: 1 }), "verified");
  deepEqual(await given.readAll(entry), Buffer.from(torrent.whole));
  equal(given.telemetry.recorded.gauge("seedfleet_piece_store_bad_pieces"), 0);
});

test("a managed torrent is its own store's alone, and known again by it", async () => {
  const torrent = await givenTorrent(FILES, { version: "v2", pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  const { entry } = await manage(given, torrent);
  await offerer.write({ infoHash: torrent.infoHash, piece: 2 });
  await using other = await GivenStore.start({}, { id: "store-2" }, { bus: given.bus });
  await rejects(other.read({ infoHash: entry.infoHash }), remote("torrent-unknown"));
  await given.restart();
  equal((await manage(given, torrent)).havePieces, 1);
});
