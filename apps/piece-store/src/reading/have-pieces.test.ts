import { deepEqual, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseInfoHash } from "@seedfleet/bytes";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPartTest, startNatsServer } from "@seedfleet/testkit";
import { GivenManaged, givenTorrent, havePiecesOf, manage } from "../managed/testing.ts";
import { flipBit, type GivenPorts, GivenStore, remote } from "../testing.ts";

const PIECE_BYTES = 16_384;
const FILES = { "d/a": randomBytes(10 * PIECE_BYTES + 5), "d/b": randomBytes(PIECE_BYTES) };

const UNKNOWN = parseInfoHash("ab".repeat(20)) ?? ("" as never);

async function hasWhatIsThere(ports: GivenPorts): Promise<void> {
  const torrent = await givenTorrent(FILES, { version: "v1", pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent], { ports });
  const { given, offerer, root } = managed;
  const { infoHash, pieces } = torrent;
  await manage(given, torrent);
  deepEqual(await havePiecesOf(given.bus, infoHash), []);
  for (const piece of [0, 3, 9]) await offerer.write({ infoHash, piece });
  deepEqual(await havePiecesOf(given.bus, infoHash), [0, 3, 9]);
  flipBit(root.at(`managed/${infoHash}/content/a`), 3 * PIECE_BYTES);
  const read = { infoHash, piece: 3, length: PIECE_BYTES, verify: true };
  await rejects(given.read(read), remote("piece-corrupt"));
  deepEqual(await havePiecesOf(given.bus, infoHash), [0, 9]);
  await given.restart();
  deepEqual(await havePiecesOf(given.bus, infoHash), [0, 9]);
  for (const piece of pieces.keys()) await offerer.write({ infoHash, piece });
  deepEqual(await havePiecesOf(given.bus, infoHash), [...pieces.keys()]);
}

test("of managed content a store has what is there and not bad", () => hasWhatIsThere({}));

realPartTest(["nats-server"], "over NATS a store has what is there and not bad", async () => {
  await using ended = new AsyncDisposableStack();
  const server = await startNatsServer();
  ended.defer(() => server.stop());
  const ports = { clock: systemClock, telemetry: silentTelemetry, name: "have-test" };
  const account = { user: null, password: null, token: null };
  const bus = await connectBus({ servers: [server.url], ...account }, ports);
  ended.defer(() => bus.close());
  await hasWhatIsThere({ bus });
});

test("of published content a store has all but what is bad; nothing once it changed", async () => {
  await using given = await GivenStore.start(FILES);
  const { entry } = await given.publish("d", { version: "v1", pieceLengthBytes: PIECE_BYTES });
  const { infoHash, pieceCount } = entry;
  const all = Array.from({ length: pieceCount }, (_, piece) => piece);
  deepEqual(await havePiecesOf(given.bus, infoHash), all);
  flipBit(given.directory.at("d/a"), 2 * PIECE_BYTES + 1);
  const read = { infoHash, piece: 2, length: PIECE_BYTES, verify: true };
  await rejects(given.read(read), remote("piece-corrupt"));
  deepEqual(await havePiecesOf(given.bus, infoHash), all.toSpliced(2, 1));
  writeFileSync(given.directory.at("d/b"), "other");
  await given.restart();
  deepEqual(await havePiecesOf(given.bus, infoHash), []);
});

test("what one source has wrong another may have right", async () => {
  const options = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;
  const torrent = await givenTorrent(FILES, options);
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  const { infoHash, pieces } = torrent;
  for (const [path, bytes] of Object.entries(FILES)) {
    given.directory.write(path, bytes);
    // Whole seconds, which can be set again to the nanosecond.
    utimesSync(given.directory.at(path), 1_000, 1_000);
  }
  await given.publish("d", options);
  await manage(given, torrent);
  await offerer.write({ infoHash, piece: 2 });
  for (const piece of [2, 4]) {
    flipBit(given.directory.at("d/a"), piece * PIECE_BYTES + 1);
    const read = { infoHash, piece, length: PIECE_BYTES, verify: true };
    await given.read(read).catch(() => {});
  }
  deepEqual(await havePiecesOf(given.bus, infoHash), [...pieces.keys()].toSpliced(4, 1));
});

test("of a torrent that is not held it has none", async () => {
  await using given = await GivenStore.start({});
  await rejects(havePiecesOf(given.bus, UNKNOWN), remote("torrent-unknown"));
});
