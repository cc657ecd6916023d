import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { truncatedInfoHash } from "@seedfleet/bytes";
import { type HashRequest, hashTreeShape, verifyHashes } from "@seedfleet/metainfo";
import { reservedBits } from "@seedfleet/wire";
import { HASH_REQUESTS_QUEUED_MAX, HASHED_ANSWERS_BURST_MAX } from "./peers/peer-limits.ts";
import { blocksOf, GivenGateway } from "./testing.ts";
import { givenPeerId, type TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

const V1 = givenTorrent("v1");
const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
const V2 = givenTorrent("v2", { version: "v2" });

/** Of 300,000 bytes: 19 blocks in 5 pieces of 4, under a root five layers up. */
const SHAPE = hashTreeShape(300_000, 65_536);

const asked = [
  { given: "the whole piece layer", baseLayer: 2, index: 0, length: 8, proofLayers: 0 },
  { given: "two pieces and their proof", baseLayer: 2, index: 2, length: 2, proofLayers: 2 },
  { given: "the blocks of a piece", baseLayer: 0, index: 4, length: 4, proofLayers: 4 },
  { given: "two blocks of the last piece", baseLayer: 0, index: 16, length: 2, proofLayers: 4 },
] as const;

for (const { given: situation, ...wanted } of asked) {
  test(`a gateway asked for ${situation} gives hashes that lead to the root`, async () => {
    await using given = await GivenGateway.start([HYBRID, V2]);
    for (const torrent of [HYBRID, V2]) {
      const peer = await given.join(torrent, "v2", { reserved: { v2: true } });
      const request = { piecesRoot: rootOf(torrent), ...wanted };
      peer.send({ kind: "hash-request", ...request });
      await peer.until(() => peer.count("hashes") === 1);
      const [answer] = peer.messages("hashes");
      ok(answer !== undefined);
      const { hashes, kind: _, ...range } = answer;
      deepEqual(range, request);
      ok(verifyHashes(request, hashes, SHAPE));
    }
  });
}

const refused: readonly { given: string; differing: Partial<HashRequest> }[] = [
  { given: "a file that there is not", differing: { piecesRoot: new Uint8Array(32).fill(7) } },
  { given: "hashes behind the last", differing: { index: 8 } },
  { given: "a place far beyond", differing: { index: 0xffff_ffff } },
  { given: "the root", differing: { baseLayer: 5, length: 1 } },
  { given: "a layer above the root", differing: { baseLayer: 0xffff_ffff } },
  { given: "no hashes", differing: { length: 0 } },
  { given: "more than may be asked for", differing: { length: 0xffff_ffff } },
  { given: "hashes that are no subtree", differing: { index: 1, length: 2 } },
  { given: "more proof than there is", differing: { proofLayers: 0xffff_ffff } },
];

test("a gateway rejects hash requests that no tree answers, and stays", async () => {
  await using given = await GivenGateway.start([HYBRID]);
  const peer = await given.join(HYBRID);
  for (const [index, { given: situation, differing }] of refused.entries()) {
    const whole = { piecesRoot: rootOf(HYBRID), baseLayer: 2, index: 0, length: 8, proofLayers: 0 };
    const request = { ...whole, ...differing };
    peer.send({ kind: "hash-request", ...request });
    await peer.until(() => peer.count("hash-reject") === index + 1);
    deepEqual(peer.messages("hash-reject")[index], { kind: "hash-reject", ...request });
    equal(peer.count("hashes"), 0, situation);
  }
  equal(given.reads.length, 0);
});

test("a gateway rejects every hash request of a torrent that has no tree", async () => {
  await using given = await GivenGateway.start([V1]);
  const peer = await given.join(V1);
  const range = { baseLayer: 0, index: 0, length: 2, proofLayers: 0 };
  peer.send({ kind: "hash-request", piecesRoot: new Uint8Array(32), ...range });
  await peer.until(() => peer.count("hash-reject") === 1);
});

test("a gateway answers each of a flood of hash requests, by a reject those beyond", async () => {
  await using given = await GivenGateway.start([HYBRID]);
  const peer = await given.join(HYBRID);
  const layer = { piecesRoot: rootOf(HYBRID), baseLayer: 2, index: 0, length: 8, proofLayers: 0 };
  const flood = 5_000;
  peer.send(...Array.from({ length: flood }, () => ({ kind: "hash-request" as const, ...layer })));
  await peer.until(() => peer.count("hashes") + peer.count("hash-reject") === flood);
  ok(peer.count("hashes") >= HASH_REQUESTS_QUEUED_MAX);
  await stillServes(given, HYBRID);
});

test("a gateway hashes content for one peer so often, and for more as time passes", async () => {
  await using given = await GivenGateway.start([HYBRID]);
  const peer = await given.join(HYBRID);
  const blocks = { piecesRoot: rootOf(HYBRID), baseLayer: 0, index: 4, length: 4, proofLayers: 4 };
  const answered = (): number => peer.count("hashes") + peer.count("hash-reject");
  const ask = async (times: number): Promise<number> => {
    const before = peer.count("hashes");
    for (let time = 0; time < times; time += 1) {
      const heard = answered();
      peer.send({ kind: "hash-request", ...blocks });
      await peer.until(() => answered() === heard + 1);
    }
    return peer.count("hashes") - before;
  };
  equal(await ask(HASHED_ANSWERS_BURST_MAX + 10), HASHED_ANSWERS_BURST_MAX);
  given.clock.advance(2_000);
  equal(await ask(10), 4);
  // The pieces were read once.
  equal(given.reads.length, 1);
});

test("a gateway takes a peer by each hash of a hybrid, and gives it all", async () => {
  await using given = await GivenGateway.start([HYBRID, V2]);
  const { infoHash, infoHashV2 } = HYBRID.metainfo;
  ok(infoHashV2 !== null);
  for (const asked of [infoHash, truncatedInfoHash(infoHashV2)]) {
    const peer = await given.connect();
    peer.handshake(asked, { peerId: givenPeerId(asked.slice(0, 8)), reserved: { v2: true } });
    await peer.greeted();
    equal(peer.handshaken?.infoHash, asked);
    ok(reservedBits(peer.handshaken?.reserved ?? new Uint8Array(8)).v2);
    await peer.interested();
    ok((await peer.download(blocksOf(HYBRID.metainfo))).equals(HYBRID.content));
  }
  equal(given.gauge("peers"), 2);
  equal(given.reads.length, HYBRID.metainfo.pieceCount);
});

test("a gateway takes a peer of a torrent of v2 alone, by the head of its hash", async () => {
  await using given = await GivenGateway.start([V2]);
  const peer = await given.join(V2);
  const { infoHash, infoHashV2 } = V2.metainfo;
  equal(infoHash, infoHashV2?.slice(0, 40));
  await peer.interested();
  const [first = { piece: 0, begin: 0, length: 1 }] = blocksOf(V2.metainfo);
  ok((await peer.download([first])).equals(V2.content.subarray(0, first.length)));
});

async function stillServes(given: GivenGateway, torrent: GivenTorrent): Promise<void> {
  const peer: TestPeer = await given.join(torrent, "good");
  await peer.interested();
  ok((await peer.download(blocksOf(torrent.metainfo))).equals(torrent.content));
}

function rootOf({ metainfo }: GivenTorrent): Uint8Array {
  const root = metainfo.files[0]?.piecesRoot;
  ok(root);
  return Uint8Array.from(root);
}
