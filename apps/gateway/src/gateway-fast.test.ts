import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES, decodeDontHaveMessage, encodeExtensionHandshake } from "@seedfleet/wire";
import { blocksOf, GivenGateway, storeRefuses } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
const BLOCKS = blocksOf(ONE.metainfo);
const FIRST = { piece: 0, begin: 0, length: BLOCK_BYTES };
const FAST = { reserved: { fast: true } };

test("a gateway says to a peer of BEP 6 that it has all, in one message", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE, "fast", FAST);
  deepEqual(peer.heard, [{ kind: "have-all" }]);
  await peer.interested();
  ok((await peer.download(BLOCKS)).equals(ONE.content));
});

test("a gateway gives a choked peer its allowed pieces, and each byte of them twice", async () => {
  await using given = await GivenGateway.start([ONE], { unchokeSlots: 1 });
  await (await given.join(ONE, "holder")).interested();
  const peer = await given.join(ONE, "choked", FAST);
  // Without interest it is allowed nothing.
  peer.request(FIRST);
  await peer.until(() => peer.count("reject-request") === 1);
  peer.send({ kind: "interested" });
  await peer.until(() => peer.count("allowed-fast") === ONE.metainfo.pieceCount);

  const rounds = 4;
  for (let round = 0; round < rounds; round += 1) peer.request(...BLOCKS);
  const answered = (): number => peer.blocks.length + peer.count("reject-request") - 1;
  await peer.until(() => answered() === rounds * BLOCKS.length);
  const givenBytes = peer.blocks.reduce((sum, { length }) => sum + length, 0);
  const { pieceCount, pieceLengthBytes } = ONE.metainfo;
  ok(givenBytes >= 2 * ONE.content.length && givenBytes <= 2 * pieceCount * pieceLengthBytes);
  ok(peer.choked);
  for (const { piece, begin, data } of peer.blocks) {
    const at = piece * pieceLengthBytes + begin;
    ok(data.equals(ONE.content.subarray(at, at + data.length)));
  }
  // A peer that hides its wish and shows it again is not allowed the same once more.
  peer.send({ kind: "not-interested" }, { kind: "interested" });
  peer.request(...BLOCKS);
  await peer.until(() => answered() === (rounds + 1) * BLOCKS.length);
  equal(peer.count("allowed-fast"), pieceCount);
});

test("a gateway rejects what a choke leaves unanswered", async () => {
  await using given = await GivenGateway.start([ONE]);
  const reading = Promise.withResolvers<void>();
  given.serve = async function* (read) {
    await reading.promise;
    yield given.content(read);
  };
  const peer = await given.join(ONE, "fast", FAST);
  await peer.interested();
  peer.request(...BLOCKS);
  peer.send({ kind: "not-interested" });
  await peer.until(() => peer.count("reject-request") === BLOCKS.length);
  reading.resolve();
  await peer.interested();
  // The store's answer comes for nobody now: nothing is sent of it until it is asked for.
  equal(peer.blocks.length, 0);
  ok((await peer.download(BLOCKS)).equals(ONE.content));
});

test("a gateway suggests what it has in memory to whoever it unchokes", async () => {
  await using given = await GivenGateway.start([ONE]);
  const first = await given.join(ONE, "first");
  await first.interested();
  await first.download([{ ...FIRST, piece: 3 }]);
  const peer = await given.join(ONE, "fast", FAST);
  await peer.interested();
  deepEqual(suggested(peer), [3]);
  const kinds = peer.heard.map(({ kind }) => kind);
  ok(kinds.indexOf("suggest-piece") < kinds.indexOf("unchoke"));

  const has = await given.join(ONE, "has-it", FAST);
  has.send({ kind: "have", piece: 3 });
  await has.interested();
  deepEqual(suggested(has), []);
});

test("a gateway suggests nothing of a torrent that is all in memory", async () => {
  await using given = await GivenGateway.start([ONE]);
  const first = await given.join(ONE, "first");
  await first.interested();
  await first.download(BLOCKS);
  const peer = await given.join(ONE, "fast", FAST);
  await peer.interested();
  deepEqual(suggested(peer), []);
});

test("a gateway rejects a piece that is gone, says so, and goes on with the others", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = (read) => {
    if (read.piece === 3) throw storeRefuses("content-changed");
    return [given.content(read)];
  };
  const peer = await given.join(ONE, "fast", { reserved: { fast: true, extended: true } });
  peer.extend(0, introduction({ dontHave: 7 }));
  await peer.interested();
  const third = [0, BLOCK_BYTES].map((begin) => ({ piece: 3, begin, length: BLOCK_BYTES }));
  peer.request(...third);
  await peer.until(() => peer.extensions(7).length === 1);
  const [payload = Buffer.of()] = peer.extensions(7);
  deepEqual(decodeDontHaveMessage(payload), { kind: "dont-have", piece: 3 });
  deepEqual(
    peer.messages("reject-request").map(({ piece, begin, length }) => ({ piece, begin, length })),
    third,
  );
  // Asked for again, it is rejected without another look at the store.
  const reads = given.reads.length;
  peer.request(FIRST, ...third);
  await peer.until(() => peer.count("reject-request") === 4 && peer.blocks.length === 1);
  equal(given.reads.filter(({ piece }) => piece === 3).length, 1);
  ok(given.reads.length > reads);

  // Who comes later is told by the bitfield; who speaks no BEP 54 gets the reject alone.
  const later = await given.join(ONE, "later", FAST);
  deepEqual(later.messages("bitfield")[0]?.bits, Uint8Array.of(0b1110_1000));
  equal(given.gauge("peers"), 2);
});

test("a gateway whose store stays away rejects, and keeps the peer", async () => {
  await using given = await GivenGateway.start([ONE]);
  given.serve = () => {
    throw storeRefuses("store-busy");
  };
  const peer = await given.join(ONE, "fast", FAST);
  await peer.interested();
  peer.request(FIRST);
  while (peer.count("reject-request") === 0) {
    given.clock.advance(1_000);
    await given.join(ONE, "turn").then((other) => other[Symbol.dispose]());
  }
  given.serve = (read) => [given.content(read)];
  ok((await peer.download([FIRST])).equals(ONE.content.subarray(0, BLOCK_BYTES)));
});

function suggested(peer: TestPeer): readonly number[] {
  return peer.messages("suggest-piece").map(({ piece }) => piece);
}

function introduction(ids: { readonly dontHave: number }): Uint8Array {
  return encodeExtensionHandshake({
    messageIds: { metadata: null, pex: null, ...ids },
    ...{ metadataSizeBytes: null, requestsQueuedMax: null, client: null },
    ...{ yourIp: null, listenPort: null, uploadOnly: null },
  });
}
