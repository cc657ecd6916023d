import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { truncatedInfoHash } from "@seedfleet/bytes";
import { catalogChangedEvent, peerAnnouncedEvent } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { hashTreeShape, verifyHashes } from "@seedfleet/metainfo";
import {
  decodePexMessage,
  encodeExtensionHandshake,
  encodeHandshake,
  HANDSHAKE_BYTES,
  HandshakeDecoder,
} from "@seedfleet/wire";
import { DIAL_AFTER_MS } from "./peers/announced-peers.ts";
import { PEX_ROUND_INTERVAL_MS } from "./swarms/peer-exchange.ts";
import { blocksOf, GivenGateway, until } from "./testing.ts";
import { givenPeerId, type TestPeer } from "./testing-peer.ts";
import { SwarmView } from "./testing-threads.ts";
import { givenTorrent } from "./testing-torrent.ts";

const WORKERS = 2;
const ONE = givenTorrent("one");
const HYBRID = givenTorrent("hybrid", { version: "hybrid" });
const { infoHash } = ONE.metainfo;
const PEX_ID = 5;

test("a gateway with threads tells peers of one of those of the others", async () => {
  await using given = await GivenGateway.start([ONE], { workers: WORKERS, unchokeSlots: 99 });
  using view = await SwarmView.open(given, WORKERS);
  const peers: TestPeer[] = [];
  for (let threads = 0; threads < WORKERS; ) {
    peers.push(await introduced(given, 1_000 + peers.length));
    const seen = await view.peers((all) => all.length === peers.length);
    threads = new Set(seen.map(({ thread }) => thread)).size;
  }
  given.clock.advance(PEX_ROUND_INTERVAL_MS);
  const ports = peers.map((_, index) => 1_000 + index);
  for (const peer of peers) {
    await peer.until(() => ports.every((port) => portsToldTo(peer).has(port)));
  }
});

test("a gateway with threads serves encrypted peers, and by a hybrid's other hash", async () => {
  await using given = await GivenGateway.start([ONE, HYBRID], { workers: WORKERS });
  const encrypted = await given.join(ONE, "encrypted", { encrypts: ["rc4"] });
  equal(encrypted.payload, "rc4");
  await encrypted.interested();
  ok((await encrypted.download(blocksOf(ONE.metainfo))).equals(ONE.content));
  const clear = await given.join(ONE, "clear");
  await clear.interested();
  // No cipher has touched the bytes that threads share.
  ok((await clear.download(blocksOf(ONE.metainfo))).equals(ONE.content));

  const { infoHashV2 } = HYBRID.metainfo;
  ok(infoHashV2 !== null);
  for (const encrypts of [null, ["rc4"] as const]) {
    const peer = await given.connect();
    const how = encrypts === null ? {} : { encrypts };
    const peerId = givenPeerId(`v2-${encrypts}`);
    peer.handshake(truncatedInfoHash(infoHashV2), { ...how, peerId });
    await peer.greeted();
    await peer.interested();
    ok((await peer.download(blocksOf(HYBRID.metainfo))).equals(HYBRID.content));
  }
});

test("a gateway with threads answers hash requests, those of blocks from the content", async () => {
  await using given = await GivenGateway.start([HYBRID], { workers: WORKERS });
  const peer = await given.join(HYBRID, "v2", { reserved: { v2: true } });
  const piecesRoot = Uint8Array.from(HYBRID.metainfo.files[0]?.piecesRoot ?? []);
  const shape = hashTreeShape(300_000, 65_536);
  const wanted = [
    { baseLayer: 2, index: 0, length: 8, proofLayers: 0 },
    { baseLayer: 0, index: 4, length: 4, proofLayers: 4 },
  ];
  for (const [at, each] of wanted.entries()) {
    const request = { piecesRoot, ...each };
    peer.send({ kind: "hash-request", ...request });
    await peer.until(() => peer.count("hashes") === at + 1);
    const answer = peer.messages("hashes")[at];
    ok(answer !== undefined && verifyHashes(request, answer.hashes, shape));
  }
  equal(given.reads.length, 1);
});

test("a gateway with threads goes to a leecher that does not come", async () => {
  await using given = await GivenGateway.start([ONE], { workers: WORKERS });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  ok(address !== null && typeof address === "object");
  const connection = once(server, "connection");
  given.bus.publish(
    peerAnnouncedEvent,
    { gateway: "gateway-1" },
    {
      ...{ infoHash, askedAs: infoHash, peerId: givenPeerId("leecher") },
      address: { host: "127.0.0.1", port: address.port },
    },
  );
  await given.bus.flush();
  given.clock.advance(DIAL_AFTER_MS);
  const [socket] = await connection;
  await until(() => socket.readableLength >= HANDSHAKE_BYTES);
  const handshakes = new HandshakeDecoder();
  handshakes.push(socket.read(HANDSHAKE_BYTES));
  const handshake = handshakes.next();
  equal(handshake !== null && "infoHash" in handshake && handshake.infoHash, infoHash);
  const peerId = givenPeerId("leecher");
  socket.write(encodeHandshake({ infoHash, peerId, reserved: new Uint8Array(8) }));
  await until(() => given.gauge("peers") === 1);
  socket.destroy();
  server.close();
  await until(() => given.closed("peer-closed") === 1);
});

for (const encryption of ["allowed", "required"] as const) {
  test(`a gateway with threads (${encryption}) reaches itself, whichever has it`, async () => {
    await using given = await GivenGateway.start([ONE], { workers: WORKERS, encryption });
    for (let time = 0; time < 5; time += 1) {
      equal(await given.gateway.checkReachability(), "reached");
    }
    deepEqual([given.closed("own-peer-id"), given.closed("probe")], [0, 0]);
  });
}

test("a gateway with threads lets peers go whose torrent was taken out", async () => {
  await using given = await GivenGateway.start([ONE], { workers: WORKERS });
  const peers = await downloaders(given);
  const catalog = await openCatalog(given.bus, given.telemetry.log);
  await catalog.remove(infoHash);
  given.bus.publish(catalogChangedEvent, {}, { infoHash });
  for (const peer of peers) await peer.closed;
  await until(() => given.closed("torrent-removed") === peers.length);
  deepEqual([given.gauge("peers"), given.gauge("cache_bytes")], [0, 0]);
  const again = await given.connect();
  again.handshake(infoHash);
  await again.closed;
  await until(() => given.closed("torrent-unknown") === 1);
});

test("a gateway with threads serves a torrent that was published anew", async () => {
  await using given = await GivenGateway.start([ONE], { workers: WORKERS });
  const removed = await openCatalog(given.bus, given.telemetry.log);
  for (let time = 1; time <= 3; time += 1) {
    const peers = await downloaders(given);
    equal(given.reads.length, time * ONE.metainfo.pieceCount);
    await removed.remove(infoHash);
    given.bus.publish(catalogChangedEvent, {}, { infoHash });
    for (const peer of peers) await peer.closed;
    await given.publish(ONE, { addedAtMs: time });
  }
});

/** Peers, of some thread each, that have all of the torrent's bytes. */
async function downloaders(given: GivenGateway): Promise<TestPeer[]> {
  const peers: TestPeer[] = [];
  for (let index = 0; index < 4; index += 1) {
    const peer = await given.join(ONE, `peer-${index}`);
    await peer.interested();
    ok((await peer.download(blocksOf(ONE.metainfo))).equals(ONE.content));
    peers.push(peer);
  }
  return peers;
}

/** A peer that takes PEX, and listens at the port. */
async function introduced(given: GivenGateway, listenPort: number): Promise<TestPeer> {
  const peer = await given.join(ONE, `at-${listenPort}`, { reserved: { extended: true } });
  const messageIds = { metadata: null, pex: PEX_ID, dontHave: null };
  const hello = {
    ...{ messageIds, metadataSizeBytes: null, requestsQueuedMax: null, client: null },
    ...{ yourIp: null, listenPort, uploadOnly: false },
  };
  peer.extend(0, encodeExtensionHandshake(hello));
  await peer.interested();
  return peer;
}

function portsToldTo(peer: TestPeer): ReadonlySet<number> {
  const told = peer.extensions(PEX_ID).flatMap((payload) => {
    const message = decodePexMessage(payload);
    return "code" in message ? [] : message.added.map(({ port }) => port);
  });
  return new Set(told);
}
