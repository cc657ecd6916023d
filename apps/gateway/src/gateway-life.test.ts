import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { openCatalog, watchPresence } from "@seedfleet/fleet";
import { advanceUntil, turn } from "@seedfleet/testkit";
import { BLOCK_BYTES } from "@seedfleet/wire";
import { LEAVE_MS_MAX } from "./peers/peer-host.ts";
import { KEEP_ALIVE_INTERVAL_MS, PEER_IDLE_MS_MAX } from "./peers/peer-limits.ts";
import { blocksOf, GivenGateway, storeRefuses, until } from "./testing.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const FIRST = { piece: 0, begin: 0, length: BLOCK_BYTES };

test("a gateway keeps a quiet connection alive, and closes it after four minutes", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  given.clock.advance(KEEP_ALIVE_INTERVAL_MS);
  await turn();
  equal(peer.count("keep-alive"), 0);
  for (let minute = 2; minute <= 4; minute += 1) {
    given.clock.advance(KEEP_ALIVE_INTERVAL_MS);
    await peer.until(() => peer.count("keep-alive") >= minute - 1);
  }
  equal(given.clock.nowMs(), PEER_IDLE_MS_MAX);
  equal(given.closed("idle"), 0);
  given.clock.advance(10_000);
  await peer.closed;
  equal(given.closed("idle"), 1);
});

test("a gateway that sends blocks sends no keep-alives besides", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  await peer.interested();
  for (let turns = 0; turns < 5; turns += 1) {
    given.clock.advance(KEEP_ALIVE_INTERVAL_MS / 2);
    await peer.download([FIRST]);
  }
  equal(peer.count("keep-alive"), 0);
});

test("a gateway keeps a peer that sends keep-alives", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  for (let turns = 0; turns < 5; turns += 1) {
    given.clock.advance(PEER_IDLE_MS_MAX / 2);
    peer.send({ kind: "keep-alive" });
    // Its answer is behind the keep-alive, so that has been read.
    await peer.interested();
    peer.send({ kind: "not-interested" });
    await peer.until(() => peer.choked);
  }
  equal(given.closed("idle"), 0);
});

test("a gateway that drains answers what was asked, and says that it leaves", async () => {
  await using given = await GivenGateway.start([ONE]);
  const presence = watchPresence(given, ["gateway"]);
  await presence.first("gateway");
  const reading = Promise.withResolvers<void>();
  given.serve = async function* (read) {
    await reading.promise;
    yield given.content(read);
  };
  const busy = await given.join(ONE, "busy");
  const idle = await given.join(ONE, "idle");
  await busy.interested();
  busy.request(FIRST, { ...FIRST, begin: BLOCK_BYTES });
  await until(() => given.reads.length === 1);

  const drained = given.gateway.drain();
  deepEqual(given.gateway.ready(), { ready: false, reasons: ["draining"] });
  await given.bus.flush();
  deepEqual(presence.available("gateway"), []);
  await idle.closed;
  // Nothing new is taken: neither requests nor peers.
  busy.request({ ...FIRST, piece: 1 });
  const late = connect(given.gateway.peerAddress.port, "127.0.0.1");
  const [refused] = await once(late, "error");
  equal(refused.code, "ECONNREFUSED");
  reading.resolve();
  await advanceUntil(given.clock, 10, drained);
  await busy.closed;
  const asked = [FIRST, { ...FIRST, begin: BLOCK_BYTES }];
  deepEqual(
    busy.blocks.map(({ piece, begin, length }) => ({ piece, begin, length })),
    asked,
  );
  equal(given.closed("draining"), 2);
  equal(given.gauge("peers"), 0);
  presence.stop();
});

test("a gateway that drains lets a peer go that does not take its blocks", async () => {
  const large = givenTorrent("large", { sizeBytes: 30_000_000, pieceLengthBytes: 1_048_576 });
  await using given = await GivenGateway.start([large]);
  const peer = await given.join(large);
  await peer.interested();
  peer.socket.pause();
  peer.request(...blocksOf(large.metainfo));
  await until(() => given.gauge("sent_bytes") > 1_000_000);
  const startedAtMs = given.clock.nowMs();
  await advanceUntil(given.clock, 10, given.gateway.drain());
  ok(given.clock.nowMs() - startedAtMs <= 6_000);
  equal(given.closed("draining"), 1);
});

test("a gateway that leaves lets a peer read on until it has all that it asked for", async () => {
  const large = givenTorrent("large", { sizeBytes: 2_000_000, pieceLengthBytes: 1_048_576 });
  await using given = await GivenGateway.start([large]);
  const peer = await given.join(large);
  await peer.interested();
  peer.socket.pause();
  const blocks = blocksOf(large.metainfo);
  peer.request(...blocks);
  // All of it is with the kernel, which can keep most of it only on this side.
  await until(() => given.gauge("sent_bytes") === large.content.length);
  const left = given.gateway.drain().then(() => given.stop());
  const untilMs = given.clock.nowMs() + LEAVE_MS_MAX - 100;
  while (given.clock.nowMs() < untilMs) {
    // Were it not read, or came it to a closed port, the connection would be reset.
    peer.send({ kind: "interested" });
    given.clock.advance(100);
    await turn();
  }
  peer.socket.resume();
  await peer.until(() => peer.blocks.length === blocks.length);
  await peer.closed;
  await advanceUntil(given.clock, 10, left);
});

test("a gateway that stops closes a peer that does not close its side", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.connect({ allowHalfOpen: true });
  peer.handshake(ONE.metainfo.infoHash);
  await peer.greeted();
  await advanceUntil(given.clock, 10, given.stop());
  ok(given.clock.nowMs() >= LEAVE_MS_MAX);
  // Whatever it sends now is refused: the socket is gone, not half open.
  const writing = setInterval(() => peer.send({ kind: "interested" }), 1);
  await peer.closed.finally(() => clearInterval(writing));
});

test("a gateway that drains closes connections whose handshake is not done", async () => {
  await using given = await GivenGateway.start([ONE]);
  const silent = await given.connect();
  await given.join(ONE);
  void given.gateway.drain();
  await silent.closed;
});

test("a gateway lets peers go whose torrent was taken out of the catalog", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  const catalog = await openCatalog(given.bus, given.telemetry.log);
  await catalog.remove(ONE.metainfo.infoHash);
  await advanceUntil(given.clock, 1_000, peer.closed);
  equal(given.closed("torrent-removed"), 1);
  ok(given.clock.nowMs() < 130_000);
  const again = await given.connect();
  again.handshake(ONE.metainfo.infoHash);
  await again.closed;
  equal(given.closed("torrent-unknown"), 1);
  equal(given.gauge("cache_bytes"), 0);
});

test("a gateway lets peers go whose torrent came back whole, and serves newcomers", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = (read) => {
    if (read.piece === 3) throw storeRefuses("content-changed");
    return [given.content(read)];
  };
  const other = await given.join(ONE, "other");
  await other.interested();
  other.request({ piece: 3, begin: 0, length: 16_384 });
  await other.closed;
  const old = await given.join(ONE, "old");
  const sources = ONE.entry.sources.map((source) => ({ ...source, location: "/elsewhere" }));
  await given.publish(ONE, { sources });
  await advanceUntil(given.clock, 1_000, old.closed);
  equal(given.closed("torrent-removed"), 1);
  const newcomer = await given.join(ONE, "newcomer");
  await newcomer.interested();
});
