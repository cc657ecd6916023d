import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { catalogChangedEvent } from "@seedfleet/contracts";
import { turn } from "@seedfleet/testkit";
import {
  BLOCK_BYTES,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
} from "@seedfleet/wire";
import { METADATA_SERVINGS_MAX } from "./peers/peer-limits.ts";
import type { NamedGatewayConfig } from "./running-gateway.ts";
import { blocksOf, GivenGateway } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

const PIECE = { pieceLengthBytes: 262_144 };
const ONE = givenTorrent("one", { sizeBytes: 8_000_000, ...PIECE });
const TWO = givenTorrent("two", { sizeBytes: 8_000_000, ...PIECE });
const BLOCKS = blocksOf(ONE.metainfo);

/** Of so much metadata that it takes a peer eleven seconds to get all that it may. */
const LONG = { version: "v2", sizeBytes: 4_000_000, pieceLengthBytes: 16_384 } as const;
const LONG_ONE = givenTorrent("long", { ...LONG, source: "1".repeat(600_000) });
const LONG_TWO = givenTorrent("long", { ...LONG, source: "2".repeat(600_000) });
const METADATA_ID = 9;

/** Ten blocks a second. */
const LIMIT = 10 * BLOCK_BYTES;

/** Bytes that are sent before the limit is felt: a tenth of a second and a block. */
const SLACK = 2 * BLOCK_BYTES;

const settings = [
  { of: "gateway", config: { uploadBytesPerSecond: LIMIT } },
  { of: "torrent", config: { torrentUploadBytesPerSecond: LIMIT } },
  { of: "peer", config: { peerUploadBytesPerSecond: LIMIT } },
] as const satisfies readonly { of: string; config: Partial<NamedGatewayConfig> }[];

for (const { of, config } of settings) {
  test(`a gateway keeps to the upload limit of a ${of}, and uses it`, async () => {
    await using given = await GivenGateway.start([ONE, TWO], config);
    const peers = [await asking(given, ONE, "a"), await asking(given, ONE, "b")];
    const other = await asking(given, TWO, "c");
    await pass(given, 10_000);
    const [a = 0, b = 0] = peers.map(bytesOf);
    const c = bytesOf(other);
    const seconds = (bytes: number): number => bytes / LIMIT;
    const expected = { gateway: [10, 10], torrent: [10, 20], peer: [20, 30] }[of];
    for (const [index, bytes] of [a + b, a + b + c].entries()) {
      const limit = (expected[index] ?? 0) - (of === "gateway" && index === 0 ? 10 / 3 : 0);
      ok(Math.abs(seconds(bytes) - limit) <= 0.05 * limit + seconds(3 * SLACK), `${of}: ${bytes}`);
    }
    ok(Math.abs(a - b) <= SLACK, `${a} and ${b}`);
  });
}

for (const { of, config } of settings) {
  for (const what of ["metadata", "hashes", "everything"] as const) {
    test(`a gateway sends ${what} within the upload limit of a ${of}`, async () => {
      await using given = await GivenGateway.start([LONG_ONE, LONG_TWO], config);
      const peers: TestPeer[] = [];
      for (const torrent of [LONG_ONE, LONG_ONE, LONG_TWO]) {
        const peer = await given.join(torrent, `peer-${peers.length}`, {
          reserved: { extended: true, fast: true, v2: true },
        });
        if (what === "everything") {
          await peer.interested();
          peer.request(...blocksOf(torrent.metainfo));
        }
        if (what !== "hashes") askForMetadata(peer, torrent);
        peers.push(peer);
      }
      for (let ms = 0; ms < 10_000; ms += 100) {
        for (const [index, peer] of peers.entries()) {
          if (what !== "metadata") askForHashes(peer, index < 2 ? LONG_ONE : LONG_TWO);
        }
        await pass(given, 100);
      }
      const bytes = peers.reduce((sum, peer) => sum + bytesOf(peer) + answerBytesOf(peer), 0);
      const seconds = { gateway: 10, torrent: 20, peer: 30 }[of];
      ok(Math.abs(bytes / LIMIT - seconds) <= 0.05 * seconds, `${of}: ${bytes / LIMIT} s`);
    });
  }
}

test("a gateway that leaves sends the metadata first that waits for a limit", async () => {
  await using given = await GivenGateway.start([LONG_ONE], { uploadBytesPerSecond: LIMIT });
  const peer = await given.join(LONG_ONE, "magnet", { reserved: { extended: true } });
  askForMetadata(peer, LONG_ONE, 20);
  await pass(given, 500);
  ok(peer.extensions(METADATA_ID).length < 10);
  const drained = given.gateway.drain();
  await pass(given, 3_000);
  await drained;
  await peer.closed;
  equal(peer.extensions(METADATA_ID).length, 20);
});

test("a gateway keeps what it promised to a class of torrents", async () => {
  await using given = await GivenGateway.start([ONE], {
    uploadBytesPerSecond: LIMIT,
    uploadPromises: { rare: 0.4 },
    unchokeSlots: 20,
  });
  await given.publish(TWO, { upload: { bytesPerSecond: null, class: "rare" } });
  const crowd: TestPeer[] = [];
  for (let peer = 0; peer < 9; peer += 1) crowd.push(await asking(given, ONE, `crowd-${peer}`));
  const rare = await asking(given, TWO, "rare");
  await pass(given, 20_000);
  const all = bytesOf(rare) + crowd.reduce((sum, peer) => sum + bytesOf(peer), 0);
  ok(Math.abs(bytesOf(rare) / all - 0.4) <= 0.03, `${bytesOf(rare)} of ${all}`);
});

test("a gateway takes a torrent's new limit from the catalog at once", async () => {
  await using given = await GivenGateway.start([ONE]);
  await given.publish(ONE, { upload: { bytesPerSecond: LIMIT, class: null } });
  const peer = await asking(given, ONE, "a");
  await pass(given, 2_000);
  const slow = bytesOf(peer);
  ok(slow <= 2 * LIMIT + SLACK);

  const { infoHash } = ONE.metainfo;
  await given.publish(ONE, { upload: { bytesPerSecond: 4 * LIMIT, class: null } });
  given.bus.publish(catalogChangedEvent, {}, { infoHash });
  await pass(given, 2_000);
  ok(Math.abs(bytesOf(peer) - slow - 8 * LIMIT) <= 2 * LIMIT, `${bytesOf(peer) - slow}`);
});

test("a gateway without limits waits for no clock", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await asking(given, ONE, "a");
  await peer.until(() => peer.blocks.length === BLOCKS.length);
  equal(given.clock.nowMs(), 0);
  deepEqual(bytesOf(peer), ONE.content.length);
});

/** A peer that has asked for all of a torrent. */
async function asking(given: GivenGateway, torrent: typeof ONE, name: string): Promise<TestPeer> {
  const peer = await given.join(torrent, name);
  await peer.interested();
  peer.request(...BLOCKS);
  return peer;
}

/** Lets time pass in small steps, and what is sent meanwhile arrive. */
async function pass(given: GivenGateway, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 20) {
    given.clock.advance(20);
    await turn();
  }
  for (let turns = 0; turns < 50; turns += 1) await turn();
}

/** As often as it may, or only the first pieces. */
function askForMetadata(peer: TestPeer, { metainfo }: GivenTorrent, count?: number): void {
  const hello = encodeExtensionHandshake({
    messageIds: { metadata: METADATA_ID, pex: null, dontHave: null },
    ...{ metadataSizeBytes: null, requestsQueuedMax: null, client: null },
    ...{ yourIp: null, listenPort: null, uploadOnly: null },
  });
  peer.extend(0, hello);
  const pieceCount = Math.ceil(metainfo.infoBytes.length / METADATA_PIECE_BYTES);
  for (let at = 0; at < (count ?? METADATA_SERVINGS_MAX * pieceCount); at += 1) {
    const piece = at % pieceCount;
    peer.extend(1, encodeMetadataMessage({ kind: "metadata-request", piece }));
  }
}

/** Some more than can be queued. */
function askForHashes(peer: TestPeer, { metainfo }: GivenTorrent): void {
  const piecesRoot = Uint8Array.from(metainfo.files[0]?.piecesRoot ?? []);
  const range = { piecesRoot, baseLayer: 0, index: 0, length: 256, proofLayers: 0 };
  for (let at = 0; at < 4; at += 1) peer.send({ kind: "hash-request", ...range });
}

function answerBytesOf(peer: TestPeer): number {
  const metadata = peer.extensions(METADATA_ID).map(({ length }) => length);
  const hashes = peer.messages("hashes").map((message) => message.hashes.length);
  return [...metadata, ...hashes].reduce((sum, length) => sum + length, 0);
}

function bytesOf({ blocks }: TestPeer): number {
  return blocks.reduce((sum, { length }) => sum + length, 0);
}
