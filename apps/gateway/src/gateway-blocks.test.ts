import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { pieceLengthAt } from "@seedfleet/metainfo";
import { advanceUntil, turn } from "@seedfleet/testkit";
import { BLOCK_BYTES, type Block, encodeMessage } from "@seedfleet/wire";
import { framedLength } from "./blocks/framed-piece.ts";
import { FILL_RETRY_MS_MAX } from "./fills/piece-fills.ts";
import {
  REQUEST_LENGTH_BYTES_MAX,
  REQUESTS_QUEUED_MAX,
  SEND_STALL_MS_MAX,
} from "./peers/peer-limits.ts";
import { blocksOf, GivenGateway, storeRefuses, until } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const BLOCKS = blocksOf(ONE.metainfo);
const FIRST: Block = { piece: 0, begin: 0, length: BLOCK_BYTES };

test("a gateway gives peers the whole torrent, and reads every piece once", async () => {
  const other = givenTorrent("other", { sizeBytes: 1, pieceLengthBytes: 16_384 });
  await using given = await GivenGateway.start([ONE, other]);
  const downloads = [1, 3, 64].map(async (depth) => {
    const peer = await given.join(ONE, `depth-${depth}`);
    await peer.interested();
    return peer.download(BLOCKS, depth);
  });
  for (const bytes of await Promise.all(downloads)) ok(bytes.equals(ONE.content));
  const small = await given.join(other);
  await small.interested();
  ok((await small.download(blocksOf(other.metainfo))).equals(other.content));

  const pieces = given.reads.map(({ infoHash, piece }) => `${infoHash} ${piece}`).toSorted();
  equal(new Set(pieces).size, pieces.length);
  equal(pieces.length, ONE.metainfo.pieceCount + 1);
  equal(given.gauge("sent_bytes"), 3 * ONE.content.length + 1);
  equal(given.gauge("cache_bytes"), framedBytes(ONE) + framedBytes(other));
});

test("a gateway puts a piece together from a store's many chunks", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = function* (read) {
    for (let begin = 0; begin < read.length; begin += 5_000) {
      yield given.content({ ...read, begin, length: Math.min(5_000, read.length - begin) });
    }
  };
  const peer = await given.join(ONE);
  await peer.interested();
  ok((await peer.download(BLOCKS)).equals(ONE.content));
});

test("a gateway whose cache holds two pieces gives the torrent all the same", async () => {
  const large = givenTorrent("large", { sizeBytes: 6_000_000, pieceLengthBytes: 1_048_576 });
  await using given = await GivenGateway.start([large], { cacheBytes: 2 * 1_048_576 });
  const peer = await given.join(large);
  await peer.interested();
  // Backwards and then forwards, so that every piece is evicted and read again.
  const blocks = blocksOf(large.metainfo, REQUEST_LENGTH_BYTES_MAX);
  ok((await peer.download(blocks, 7)).equals(large.content));
  ok((await peer.download(blocks, 64)).equals(large.content));
  ok(given.gauge("cache_bytes") <= 2 * 1_048_576);
});

const violations = [
  { given: "past the end", block: { ...FIRST, begin: 65_000 }, code: "request-out-of-range" },
  { given: "of no piece", block: { ...FIRST, piece: 5 }, code: "request-out-of-range" },
  {
    given: "that is too long",
    block: { ...FIRST, length: REQUEST_LENGTH_BYTES_MAX + 1 },
    code: "request-too-long",
  },
] as const;

for (const { given: situation, block, code } of violations) {
  test(`a gateway given a request ${situation} closes the peer and counts why`, async () => {
    await using given = await GivenGateway.start([ONE]);
    const peer = await given.join(ONE);
    await peer.interested();
    peer.request(block);
    await peer.closed;
    deepEqual([given.closed(code), peer.blocks.length, given.reads.length], [1, 0, 0]);
  });
}

test("a gateway given a request while the peer is choked lets it fall", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  peer.request(FIRST, FIRST);
  await peer.interested();
  ok((await peer.download([FIRST])).equals(ONE.content.subarray(0, BLOCK_BYTES)));
  equal(peer.blocks.length, 1);
});

test("a gateway given a cancel in time does not send the block", async () => {
  await using given = await GivenGateway.start([ONE]);
  const reading = Promise.withResolvers<void>();
  given.serve = async function* (read) {
    await reading.promise;
    yield given.content(read);
  };
  const peer = await given.join(ONE);
  await peer.interested();
  const second = { ...FIRST, begin: BLOCK_BYTES };
  peer.request(FIRST, second);
  peer.send({ kind: "cancel", ...FIRST });
  await until(() => given.reads.length === 1);
  // Whoever comes later is answered later, so the cancel has been read by then.
  await given.join(ONE, "later");
  reading.resolve();
  await peer.until(() => peer.blocks.length > 0);
  deepEqual(
    peer.blocks.map(({ begin }) => begin),
    [BLOCK_BYTES],
  );
});

test("a gateway never passes on corrupt bytes", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = (read) => {
    const bytes = Buffer.from(given.content(read));
    if (read.piece === 1) bytes[20_000] = (bytes[20_000] ?? 0) ^ 1;
    return [bytes];
  };
  const peer = await given.join(ONE);
  await peer.interested();
  peer.request({ ...FIRST, piece: 1 }, { ...FIRST, piece: 1, begin: BLOCK_BYTES });
  await peer.closed;
  deepEqual([peer.blocks, given.closed("pieces-gone")], [[], 1]);
  equal(given.reads.length, 2);
  equal(given.logged("piece corrupt, not served"), 1);

  // It comes back, sees that the piece is not to be had, and gets the others.
  const again = await given.join(ONE);
  deepEqual(bitsOf(again), [0b1011_1000]);
  await again.interested();
  const others = BLOCKS.filter(({ piece }) => piece !== 1);
  const expected = Buffer.concat([ONE.content.subarray(0, 65_536), ONE.content.subarray(131_072)]);
  ok((await again.download(others)).equals(expected));
});

test("a gateway given changed content closes the peer, and lacks the piece after", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = (read) => {
    if (read.piece >= 3) throw storeRefuses("content-changed");
    return [given.content(read)];
  };
  const peer = await given.join(ONE);
  await peer.interested();
  peer.request({ ...FIRST, piece: 3 });
  await peer.closed;
  deepEqual([given.closed("pieces-gone"), given.reads.length], [1, 1]);
  deepEqual(bitsOf(await given.join(ONE)), [0b1110_1000]);

  // Published again, it is whole again, once the catalog was looked at.
  given.serve = (read) => [given.content(read)];
  await given.publish(ONE, { addedAtMs: 1 });
  given.clock.advance(60_001);
  const first = await given.connect();
  first.handshake(ONE.metainfo.infoHash);
  await first.closed;
  equal(given.closed("torrent-removed"), 2);
  const last = await given.join(ONE);
  deepEqual(bitsOf(last), [0b1111_1000]);
  await last.interested();
  ok((await last.download(BLOCKS)).equals(ONE.content));
});

test("a gateway whose store comes back within a minute answers late", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = (read) => {
    if (given.clock.nowMs() < 20_000) throw storeRefuses("store-busy");
    return [given.content(read)];
  };
  const peer = await given.join(ONE);
  await peer.interested();
  const bytes = await advanceUntil(given.clock, 50, peer.download([FIRST]));
  ok(bytes.equals(ONE.content.subarray(0, BLOCK_BYTES)));
  ok(given.clock.nowMs() >= 20_000 && given.clock.nowMs() < 60_000);
});

test("a gateway whose store stays away closes who waits for it", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = () => {
    throw storeRefuses("store-busy");
  };
  const peer = await given.join(ONE);
  await peer.interested();
  peer.request(FIRST);
  await until(() => given.reads.length > 0);
  await advanceUntil(given.clock, 50, peer.closed);
  equal(given.closed("store-away"), 1);
  ok(given.clock.nowMs() >= FILL_RETRY_MS_MAX);
  deepEqual(bitsOf(await given.join(ONE)), [0b1111_1000]);
});

test("a gateway answers every one of 10,000 requests made at once", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  await peer.interested();
  const blocks = Array.from({ length: 10_000 }, (_, index) => {
    const begin = (index * 37) % 60_000;
    return { piece: index % 4, begin, length: 100 + (index % 900) };
  });
  ok(blocks.length > 4 * REQUESTS_QUEUED_MAX);
  peer.request(...blocks);
  await peer.until(() => peer.blocks.length === blocks.length);
  const asked = new Set(blocks.map(({ piece, begin, length }) => `${piece} ${begin} ${length}`));
  for (const { piece, begin, length, data } of peer.blocks) {
    ok(asked.has(`${piece} ${begin} ${length}`));
    const at = piece * 65_536 + begin;
    ok(data.equals(ONE.content.subarray(at, at + length)));
  }
  equal(
    given.gauge("sent_bytes"),
    blocks.reduce((sum, { length }) => sum + length, 0),
  );
});

test("a gateway answers more than one batch without being asked again", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE);
  await peer.interested();
  await peer.download(BLOCKS);
  const before = peer.blocks.length;
  const block = { piece: 0, begin: 0, length: 4_096 };
  // More than `BATCH_BYTES_MAX` in what may come as one read.
  peer.request(...Array.from({ length: 1_000 }, () => block));
  await peer.until(() => peer.blocks.length === before + 1_000);
});

test("a gateway that waits for its store stops reading from a peer that asks on", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = async function* () {
    await new Promise(() => {});
    yield Buffer.of();
  };
  const peer = await given.join(ONE);
  await peer.interested();
  const requests = Buffer.concat(
    Array.from({ length: 1_000 }, () => encodeMessage({ kind: "request", ...FIRST })),
  );
  // More than the kernel holds on its way.
  for (let asked = 0; asked < 1_000; asked += 1) peer.socket.write(requests);
  let waiting = -1;
  for (let quiet = 0; quiet < 100; quiet += 1) {
    if (peer.socket.writableLength !== waiting) quiet = 0;
    waiting = peer.socket.writableLength;
    await turn();
  }
  ok(waiting > 0);
  equal(given.closed("peer-closed"), 0);
});

test("a gateway given a store that never stops sending takes a piece's length", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = function* (read) {
    for (;;) yield given.content(read);
  };
  const peer = await given.join(ONE);
  await peer.interested();
  peer.request(FIRST);
  await peer.closed;
  equal(given.closed("pieces-gone"), 1);
});

test("a gateway hands a peer that takes nothing no more as its pieces arrive", async () => {
  const large = givenTorrent("large", { sizeBytes: 40_000_000, pieceLengthBytes: 1_048_576 });
  await using given = await GivenGateway.start([large]);
  const peer = await given.join(large);
  await peer.interested();
  peer.socket.pause();
  peer.request(...blocksOf(large.metainfo, REQUEST_LENGTH_BYTES_MAX));
  await until(() => given.gauge("cache_bytes") === framedBytes(large));
  for (let turns = 0; turns < 50; turns += 1) await turn();
  ok(given.gauge("sent_bytes") < 20_000_000);
  // All of it comes as the peer takes it.
  peer.socket.resume();
  await until(() => given.gauge("sent_bytes") === large.content.length);
  await peer.until(() => peer.blocks.length >= large.content.length / REQUEST_LENGTH_BYTES_MAX);
});

test("a gateway gives a peer that takes one block after the other all it asked for", async () => {
  await using given = await GivenGateway.start([ONE]);
  const { peer, asked } = await stalled(given);
  // The socket holds less than a stream's high water mark, so no "drain" will tell.
  peer.socket.resume();
  await peer.until(() => peer.blocks.length === asked);
  ok((await peer.download(BLOCKS.slice(0, 4))).equals(ONE.content.subarray(0, 65_536)));
});

test("a gateway holds little for a peer that asks on and takes nothing", async () => {
  await using given = await GivenGateway.start([ONE]);
  const { peer } = await stalled(given);
  const sentBytes = given.gauge("sent_bytes");
  for (let more = 0; more < 40; more += 1) peer.request(...BLOCKS, ...BLOCKS, ...BLOCKS);
  for (let turns = 0; turns < 50; turns += 1) await turn();
  equal(given.gauge("sent_bytes"), sentBytes);
  given.clock.advance(SEND_STALL_MS_MAX);
  equal(given.closed("send-stalled"), 0);
  given.clock.advance(10_000);
  equal(given.closed("send-stalled"), 1);
});

/** The memory of all its pieces, each block with its header. */
function framedBytes({ metainfo }: GivenTorrent): number {
  return Array.from({ length: metainfo.pieceCount }, (_, piece) =>
    framedLength(pieceLengthAt(metainfo, piece)),
  ).reduce((sum, bytes) => sum + bytes, 0);
}

/** A peer that takes nothing, and asked block by block until the gateway's socket was full. */
async function stalled(given: GivenGateway): Promise<{ peer: TestPeer; asked: number }> {
  const peer = await given.join(ONE);
  await peer.interested();
  await peer.download([FIRST]);
  peer.socket.pause();
  let asked = 1;
  let quietTurns = 0;
  let sentBytes = given.gauge("sent_bytes");
  while (quietTurns < 100) {
    if (given.gauge("sent_bytes") === asked * BLOCK_BYTES) {
      peer.socket.write(encodeMessage({ kind: "request", ...FIRST }));
      asked += 1;
      ok(asked < 10_000);
    }
    await turn();
    quietTurns = given.gauge("sent_bytes") === sentBytes ? quietTurns + 1 : 0;
    sentBytes = given.gauge("sent_bytes");
  }
  return { peer, asked };
}

function bitsOf(peer: TestPeer): number[] {
  const [bitfield] = peer.heard;
  return bitfield?.kind === "bitfield" ? [...bitfield.bits] : [];
}
