import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { catalogChangedEvent, SUPER_SEED_PIECES_MAX } from "@seedfleet/contracts";
import { turn } from "@seedfleet/testkit";
import { BLOCK_BYTES, decodeExtensionHandshake } from "@seedfleet/wire";
import { blocksOf, GivenGateway, until, untilAsTimePasses } from "./testing.ts";
import { givenPeerId, type TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const FAST = { reserved: { fast: true } };
const EXTENDED = { reserved: { fast: true, extended: true } };
const ON = { choking: { policy: null, weight: 1, superSeeding: true } };
const OFF = { choking: { policy: null, weight: 1, superSeeding: false } };
const { pieceCount } = ONE.metainfo;

test("a super-seeding gateway seems to have nothing, and to get a piece now and then", async () => {
  await using given = await superSeeding();
  const peer = await given.join(ONE, "fast", EXTENDED);
  deepEqual(peer.heard[0], { kind: "have-none" });
  await peer.until(() => peer.extensions(0).length === 1);
  const hello = decodeExtensionHandshake(peer.extensions(0)[0] ?? Buffer.of());
  ok(!("kind" in hello));
  // A leecher closes who only uploads and has nothing.
  equal(hello.uploadOnly, false);
  equal(hello.metadataSizeBytes, ONE.metainfo.infoBytes.length);
  peer.send({ kind: "have-none" });
  await toldOf(given, peer, 1);
  equal(given.gauge("super_seeded_peers"), 1);
});

test("a super-seeding gateway says nothing but HAVE to a peer without BEP 6", async () => {
  await using given = await superSeeding();
  const peer = await given.connect();
  peer.handshake(ONE.metainfo.infoHash, givenPeerId("plain"));
  const [piece] = await toldOf(given, peer, 1);
  deepEqual(peer.heard, [{ kind: "have", piece }]);
  // What it was not told of falls, as if we had not got it; what it was told of is sent.
  await peer.interested();
  const other = { piece: (Number(piece) + 1) % pieceCount, begin: 0, length: BLOCK_BYTES };
  peer.request(other);
  const block = { piece: Number(piece), begin: 0, length: BLOCK_BYTES };
  ok((await peer.download([block])).equals(contentOf(block)));
  equal(peer.blocks.length, 1);
});

test("a super-seeding gateway rejects, allows and suggests by what it told a peer of", async () => {
  await using given = await superSeeding({ unchokeSlots: 1 });
  const holder = await given.join(ONE, "holder", FAST);
  const [first] = await toldOf(given, holder, 1);
  await holder.interested();
  await holder.download([{ piece: Number(first), begin: 0, length: BLOCK_BYTES }]);
  const peer = await given.join(ONE, "choked", FAST);
  peer.send({ kind: "have-none" }, { kind: "interested" });
  const [second] = await toldOf(given, peer, 1);
  ok(first !== second);
  peer.request({ piece: Number(second), begin: 0, length: BLOCK_BYTES });
  await peer.until(() => peer.count("reject-request") === 1);
  holder.send({ kind: "not-interested" });
  await peer.until(() => !peer.choked);
  peer.request({ piece: Number(first), begin: 0, length: BLOCK_BYTES });
  await peer.until(() => peer.count("reject-request") === 2);
  deepEqual([peer.count("allowed-fast"), peer.count("suggest-piece")], [0, 0]);
});

test("a leecher alone gets all of a super-seeded torrent, a piece at a time", async () => {
  await using given = await superSeeding();
  const peer = await given.join(ONE, "alone", FAST);
  peer.send({ kind: "have-none" });
  const blocks = blocksOf(ONE.metainfo);
  for (let had = 0; had < pieceCount; had += 1) {
    // With the last but one it is told of the last.
    const told = await toldOf(given, peer, had + 2 < pieceCount ? had + 1 : pieceCount);
    const piece = Number(told[had]);
    await peer.interested();
    // As aria2 it does not say that it has what it was told of.
    await peer.download(blocks.filter((block) => block.piece === piece));
  }
  const found = peer.blocks.toSorted((a, b) => a.piece - b.piece || a.begin - b.begin);
  ok(Buffer.concat(found.map(({ data }) => data)).equals(ONE.content));
  equal(given.telemetry.recorded.total("seedfleet_gateway_super_seed_offers"), pieceCount - 1);
});

test("leechers are told of different pieces, and of more once others have these", async () => {
  await using given = await superSeeding();
  const peers = await leechers(given, 3);
  const told: unknown[] = [];
  for (const peer of peers) told.push((await toldOf(given, peer, 1))[0]);
  equal(new Set(told).size, 3);
  const [a, b] = peers;
  const piece = Number(told[0]);
  a?.send({ kind: "have", piece });
  await advance(given, 2_000);
  equal(a?.count("have"), 1);
  b?.send({ kind: "have", piece });
  ok(a !== undefined);
  await toldOf(given, a, 2);
});

test("peers lose nothing when super-seeding is turned off, and are told of the rest", async () => {
  await using given = await superSeeding();
  const [a] = await leechers(given, 2);
  ok(a !== undefined);
  await toldOf(given, a, 1);
  await change(given, ONE, OFF);
  await toldOf(given, a, pieceCount);
  deepEqual(
    pieces(a).toSorted((left, right) => left - right),
    Array.from({ length: pieceCount }, (_, piece) => piece),
  );
  await a.interested();
  ok((await a.download(blocksOf(ONE.metainfo))).equals(ONE.content));
  const later = await given.join(ONE, "later", FAST);
  deepEqual(later.heard, [{ kind: "have-all" }]);
});

test("super-seeding that is turned on is for peers that come later", async () => {
  await using given = await superSeeding({}, {});
  const before = await given.join(ONE, "before", FAST);
  deepEqual(before.heard, [{ kind: "have-all" }]);
  await change(given, ONE, ON);
  await until(() => given.gauge("peers") === 1);
  let later = await given.join(ONE, "later-0", FAST);
  for (let at = 1; later.heard[0]?.kind !== "have-none"; at += 1) {
    later = await given.join(ONE, `later-${at}`, FAST);
  }
  await toldOf(given, later, 1);
  await before.interested();
  ok((await before.download(blocksOf(ONE.metainfo))).equals(ONE.content));
});

test("a torrent of more pieces than can be super-seeded is seeded as any other", async () => {
  const many = givenTorrent("many", { sizeBytes: SUPER_SEED_PIECES_MAX + 1, pieceLengthBytes: 1 });
  await using given = await GivenGateway.start([]);
  await given.publish(many, ON);
  const peer = await given.join(many, "peer", FAST);
  deepEqual(peer.heard[0], { kind: "have-all" });
  equal(given.logged("too many pieces to super-seed"), 1);
});

test("peers of threads are super-seeded together, and let go when it is turned off", async () => {
  await using given = await superSeeding({ workers: 2 });
  const peers = await leechers(given, 4);
  const told: unknown[] = [];
  for (const peer of peers) told.push((await toldOf(given, peer, 1))[0]);
  equal(new Set(told).size, 4);
  await change(given, ONE, OFF);
  for (const peer of peers) await toldOf(given, peer, pieceCount);
});

/** A gateway that knows no scheduler, and publishes the torrent. */
async function superSeeding(
  config: Parameters<typeof GivenGateway.start>[1] = {},
  differing: Parameters<GivenGateway["publish"]>[1] = ON,
): Promise<GivenGateway> {
  const given = await GivenGateway.start([], config);
  await given.publish(ONE, differing);
  return given;
}

/** Peers that have nothing and want everything. */
async function leechers(given: GivenGateway, count: number): Promise<TestPeer[]> {
  const peers: TestPeer[] = [];
  for (let at = 0; at < count; at += 1) {
    const peer = await given.join(ONE, `leecher-${at}`, FAST);
    peer.send({ kind: "have-none" }, { kind: "interested" });
    peers.push(peer);
  }
  return peers;
}

async function change(
  given: GivenGateway,
  torrent: GivenTorrent,
  differing: Parameters<GivenGateway["publish"]>[1],
): Promise<void> {
  await given.publish(torrent, differing);
  const { infoHash } = torrent.metainfo;
  given.bus.publish(catalogChangedEvent, {}, { infoHash });
  await given.bus.flush();
}

function pieces(peer: TestPeer): readonly number[] {
  return peer.messages("have").map(({ piece }) => piece);
}

/** What the peer was told of, once it is so many. */
async function toldOf(
  given: GivenGateway,
  peer: TestPeer,
  count: number,
): Promise<readonly number[]> {
  await untilAsTimePasses(given.clock, () => pieces(peer).length >= count);
  equal(pieces(peer).length, count);
  return pieces(peer);
}

async function advance(given: GivenGateway, durationMs: number): Promise<void> {
  for (let ms = 0; ms < durationMs; ms += 25) {
    await turn();
    given.clock.advance(25);
  }
}

function contentOf({ piece, begin, length }: { piece: number; begin: number; length: number }) {
  const at = piece * ONE.metainfo.pieceLengthBytes + begin;
  return ONE.content.subarray(at, at + length);
}
