import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { delay } from "@seedfleet/runtime";
import { advanceUntil, VirtualClock } from "@seedfleet/testkit";
import { remote } from "../testing.ts";
import { OFFER_MS_MAX } from "./fetch-offered.ts";
import { WRITES_AT_ONCE_MAX, WRITES_WAITING_MAX } from "./managed-writes.ts";
import {
  chunksOf,
  type Give,
  GivenManaged,
  givenTorrent,
  manage,
  type OfferedTorrent,
} from "./testing.ts";

const PIECE_BYTES = 65_536;
const FILES = { "d/a": randomBytes(2 * PIECE_BYTES), "d/b": randomBytes(PIECE_BYTES + 5) };
const WRITES = "seedfleet_piece_store_writes";

const wrong: readonly { given: string; spoil: (right: Uint8Array) => Uint8Array }[] = [
  { given: "has another bit", spoil: (right) => right.map((byte, at) => byte ^ Number(at === 9)) },
  { given: "is another piece", spoil: (right) => randomBytes(right.length) },
  { given: "is too long", spoil: (right) => Buffer.concat([right, Buffer.of(0)]) },
  { given: "is far too long", spoil: () => Buffer.alloc(50 * PIECE_BYTES) },
  { given: "is too short", spoil: (right) => right.subarray(1) },
  { given: "is nothing", spoil: () => Buffer.of() },
];

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`an offer of ${version} that is not the piece is corrupt, and not written`, async () => {
    const torrent = await givenTorrent(FILES, { version, pieceLengthBytes: PIECE_BYTES });
    await using managed = await GivenManaged.start([torrent]);
    const { given, offerer } = managed;
    const { infoHash, pieces } = torrent;
    await manage(given, torrent);
    const offer = { infoHash, piece: 1 };
    const right = pieces[1] ?? Buffer.of();
    for (const { given: situation, spoil } of wrong) {
      offerer.give = () => chunksOf(spoil(right));
      equal(await offerer.write(offer), "corrupt", situation);
      await rejects(given.read({ ...offer, length: 1 }), remote("piece-absent"));
      deepEqual(managed.onDisk(torrent, "a"), Buffer.alloc(2 * PIECE_BYTES));
    }
    equal(given.telemetry.recorded.total(WRITES, { outcome: "corrupt" }), wrong.length);
    offerer.give = () => chunksOf(right);
    equal(await offerer.write(offer), "verified");
    equal(given.telemetry.recorded.total(WRITES, { outcome: "verified" }), 1);
  });
}

test("a piece outside the torrent is refused", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { infoHash, pieces } = torrent;
  await manage(managed.given, torrent);
  for (const piece of [pieces.length, Number.MAX_SAFE_INTEGER]) {
    await rejects(managed.offerer.write({ infoHash, piece }), remote("piece-out-of-range"));
  }
  equal(managed.offerer.asked.items.length, 0);
});

test("an offer of somebody who is not there fails at once", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  await manage(given, torrent);
  offerer.leave();
  await rejects(offerer.write({ infoHash: torrent.infoHash, piece: 0 }), remote("offer-failed"));
  equal(given.telemetry.recorded.total(WRITES, { outcome: "offer-failed" }), 1);
});

test("an offer that its process cannot keep fails at once", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  await manage(given, torrent);
  offerer.give = function* ({ piece }) {
    yield (torrent.pieces[piece] ?? Buffer.of()).subarray(0, 1_000);
    throw new Error("it is not in the cache any more");
  };
  await rejects(offerer.write({ infoHash: torrent.infoHash, piece: 0 }), remote("offer-failed"));
});

type SlowGive = (right: Uint8Array, clock: VirtualClock) => Give;

const slow: readonly { readonly given: string; readonly give: SlowGive }[] = [
  {
    given: "never comes",
    give: () =>
      async function* (_, signal) {
        await once(signal, "abort");
        yield Buffer.of();
      },
  },
  {
    given: "ends half-way without a word",
    give: (right) =>
      async function* (_, signal) {
        yield right.subarray(0, 100);
        await once(signal, "abort");
      },
  },
  {
    given: "comes byte by byte",
    give: (right, clock) =>
      async function* (_, signal) {
        for (let at = 0; at < right.length && !signal.aborted; at += 1) {
          yield right.subarray(at, at + 1);
          await delay(clock, 4_000, signal);
        }
      },
  },
];

for (const { given: situation, give } of slow) {
  test(`an offer that ${situation} is given up before whoever asked gives up`, async () => {
    const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
    const clock = new VirtualClock();
    await using managed = await GivenManaged.start([torrent], { ports: { clock } });
    const { given, offerer } = managed;
    const { infoHash, pieces } = torrent;
    await manage(given, torrent);
    offerer.give = give(pieces[0] ?? Buffer.of(), clock);
    const beganMs = clock.nowMs();
    const write = offerer.write({ infoHash, piece: 0 });
    await offerer.asked.count(1);
    await rejects(advanceUntil(clock, 100, write), remote("offer-failed"));
    ok(clock.nowMs() - beganMs <= OFFER_MS_MAX + 2_000);
    await rejects(given.read({ infoHash }), remote("piece-absent"));
    offerer.give = () => chunksOf(pieces[0] ?? Buffer.of());
    equal(await offerer.write({ infoHash, piece: 0 }), "verified");
  });
}

test("a piece that several bring at once is written once, and told to each", async () => {
  const torrent = await givenTorrent(FILES, { pieceLengthBytes: PIECE_BYTES });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  const { infoHash, whole } = torrent;
  const { entry } = await manage(given, torrent);
  const brought = torrent.pieces.flatMap((_, piece) => [piece, piece, piece]);
  const outcomes = await Promise.all(brought.map((piece) => offerer.write({ infoHash, piece })));
  ok(outcomes.every((outcome) => outcome === "verified"));
  deepEqual(await given.readAll(entry), Buffer.from(whole));
});

/** More than a store takes and has wait. */
const OFFERS = 1_200;

test("so many are fetched at once, so many wait, the others are refused as busy", async () => {
  const torrent = await givenTorrent(
    { "d/a": randomBytes(OFFERS * 16_384) },
    { pieceLengthBytes: 16_384 },
  );
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  await manage(given, torrent);
  const { results, release } = heldBack(managed, torrent);
  await offerer.asked.count(WRITES_AT_ONCE_MAX);
  release();
  const settled = await Promise.allSettled(results);
  const busy = settled.filter((each) => each.status === "rejected");
  equal(busy.length, OFFERS - WRITES_AT_ONCE_MAX - WRITES_WAITING_MAX);
  for (const { reason } of busy) ok(remote("store-busy")(reason));
  equal(offerer.atOnceMost, WRITES_AT_ONCE_MAX);
  equal((await manage(given, torrent)).havePieces, WRITES_AT_ONCE_MAX + WRITES_WAITING_MAX);
});

test("of very long pieces one is fetched at a time", async () => {
  const pieceLengthBytes = 64 * 1024 * 1024;
  const files = { "d/a": Buffer.alloc(2 * pieceLengthBytes, "x") };
  const torrent = await givenTorrent(files, { version: "v1", pieceLengthBytes });
  await using managed = await GivenManaged.start([torrent]);
  const { given, offerer } = managed;
  await manage(given, torrent);
  const before = process.memoryUsage().arrayBuffers;
  let mostBytes = 0;
  offerer.give = function* ({ piece }) {
    for (const chunk of chunksOf(torrent.pieces[piece] ?? Buffer.of())) {
      mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - before);
      yield chunk;
    }
  };
  const writes = torrent.pieces.map((_, piece) =>
    offerer.write({ infoHash: torrent.infoHash, piece }),
  );
  deepEqual(await Promise.all(writes), ["verified", "verified"]);
  equal(offerer.atOnceMost, 1);
  ok(mostBytes < 2 * pieceLengthBytes, `${mostBytes} bytes`);
});

/** Writes of every piece at once, of which none goes on until it may. */
function heldBack({ offerer }: GivenManaged, { infoHash, pieces }: OfferedTorrent) {
  const { promise: mayGoOn, resolve: release } = Promise.withResolvers<void>();
  offerer.give = async function* ({ piece }) {
    await mayGoOn;
    yield pieces[piece] ?? Buffer.of();
  };
  return { release, results: pieces.map((_, piece) => offerer.write({ infoHash, piece })) };
}
