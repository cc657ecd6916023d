import { deepEqual, equal, ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { presenceEvent } from "@seedfleet/contracts";
import { VERSION } from "@seedfleet/runtime";
import { advanceUntil } from "@seedfleet/testkit";
import {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodePexMessage,
  type ExtensionHandshake,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
  type PexMessage,
} from "@seedfleet/wire";
import { REQUESTS_QUEUED_MAX } from "./peers/peer-limits.ts";
import { PEX_ROUND_INTERVAL_MS } from "./swarms/peer-exchange.ts";
import { GivenGateway } from "./testing.ts";
import type { TestPeer } from "./testing-peer.ts";
import { type GivenTorrent, givenTorrent } from "./testing-torrent.ts";

const ONE = givenTorrent("one");
/** Its metadata takes three pieces: 2,000 hashes of 20 bytes. */
const LONG = givenTorrent("long", { sizeBytes: 32_768_000, pieceLengthBytes: 16_384 });
const PRIVATE = givenTorrent("private", { private: true });

const EXTENDED = { reserved: { extended: true } };
const METADATA_ID = 9;
const PEX_ID = 5;

test("a gateway introduces itself behind the handshake", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE, "peer", EXTENDED);
  deepEqual(await hello(peer), {
    messageIds: { metadata: 1, pex: 2, dontHave: 3 },
    metadataSizeBytes: ONE.metainfo.infoBytes.length,
    requestsQueuedMax: REQUESTS_QUEUED_MAX,
    client: `Seedfleet ${VERSION}`,
    yourIp: "127.0.0.1",
    listenPort: given.gateway.peerAddress.port,
    uploadOnly: true,
  });
});

test("a gateway says nothing of extensions to who does not speak them", async () => {
  await using given = await GivenGateway.start([ONE]);
  const peer = await given.join(ONE, "peer", { reserved: { fast: true } });
  await peer.interested();
  equal(peer.count("extended"), 0);
});

test("a gateway gives its metadata piece by piece to a peer with a magnet", async () => {
  await using given = await GivenGateway.start([LONG]);
  const peer = await given.join(LONG, "magnet", EXTENDED);
  peer.extend(0, introduction({ metadata: METADATA_ID }));
  const { messageIds, metadataSizeBytes } = await hello(peer);
  const count = Math.ceil((metadataSizeBytes ?? 0) / METADATA_PIECE_BYTES);
  equal(count, 3);
  // Backwards, and one that there is not.
  for (const piece of [3, 2, 1, 0]) {
    const request = encodeMetadataMessage({ kind: "metadata-request", piece });
    peer.extend(messageIds.metadata ?? 0, request);
  }
  await peer.until(() => peer.extensions(METADATA_ID).length === 4);
  const messages = peer.extensions(METADATA_ID).map(decodeMetadataMessage);
  deepEqual(
    messages.find(({ kind }) => kind === "metadata-reject"),
    { kind: "metadata-reject", piece: 3 },
  );
  const data = messages.flatMap((message) => (message.kind === "metadata-data" ? [message] : []));
  const whole = Buffer.concat(
    data.toSorted((a, b) => a.piece - b.piece).map((message) => message.data),
  );
  ok(data.every(({ totalSizeBytes }) => totalSizeBytes === whole.length));
  equal(hash("sha1", whole), LONG.metainfo.infoHash);
});

test("a gateway tells peers of each other, and of those that left", async () => {
  await using given = await GivenGateway.start([ONE]);
  const first = await joined(given, ONE, { name: "first", listenPort: 1_111 });
  const second = await joined(given, ONE, { name: "second", listenPort: 2_222 });
  await second.until(() => exchanged(second).length === 1);
  deepEqual(addresses(exchanged(second)[0]?.added), ["127.0.0.1 1111"]);
  ok(exchanged(second)[0]?.added.every(({ flags }) => !flags.uploadOnly && !flags.reachable));

  given.clock.advance(PEX_ROUND_INTERVAL_MS);
  await first.until(() => exchanged(first).length === 1);
  ok(addresses(exchanged(first)[0]?.added).includes("127.0.0.1 2222"));

  second[Symbol.dispose]();
  await until(given, () => given.closed("peer-closed") === 1);
  given.clock.advance(PEX_ROUND_INTERVAL_MS);
  await first.until(() => exchanged(first).length === 2);
  deepEqual(addresses(exchanged(first)[1]?.dropped), ["127.0.0.1 2222"]);

  // Nothing changes any more, so nothing is said.
  given.clock.advance(PEX_ROUND_INTERVAL_MS);
  await first.interested();
  equal(exchanged(first).length, 2);
});

test("a gateway tells nobody of the peers of a private torrent, nor of its siblings", async () => {
  await using given = await GivenGateway.start([PRIVATE]);
  sibling(given, "192.0.2.7");
  const first = await joined(given, PRIVATE, { name: "first", listenPort: 1_111 });
  const second = await joined(given, PRIVATE, { name: "second", listenPort: 2_222 });
  equal((await hello(first)).messageIds.pex, null);
  for (let round = 0; round < 3; round += 1) given.clock.advance(PEX_ROUND_INTERVAL_MS);
  for (const peer of [first, second]) {
    await peer.interested();
    deepEqual(exchanged(peer), []);
  }
});

test("a gateway tells peers of its siblings when they come, and again when it goes", async () => {
  await using given = await GivenGateway.start([ONE]);
  sibling(given, "192.0.2.7");
  await given.bus.flush();
  const peer = await joined(given, ONE, { name: "peer", listenPort: 1_111 });
  await peer.until(() => exchanged(peer).length === 1);
  const [gateway] = exchanged(peer)[0]?.added ?? [];
  deepEqual([gateway?.host, gateway?.port], ["192.0.2.7", 7_000]);
  deepEqual([gateway?.flags.uploadOnly, gateway?.flags.reachable], [true, true]);
  const drained = given.gateway.drain();
  await peer.until(() => exchanged(peer).length === 2);
  deepEqual(addresses(exchanged(peer)[1]?.added), ["192.0.2.7 7000"]);
  await advanceUntil(given.clock, 10, drained);
});

test("a gateway with a sibling known by name goes on, and does not tell of it", async () => {
  await using given = await GivenGateway.start([ONE]);
  sibling(given, "gateway-2.example");
  await given.bus.flush();
  const first = await joined(given, ONE, { name: "first", listenPort: 1_111 });
  const second = await joined(given, ONE, { name: "second", listenPort: 2_222 });
  await second.until(() => exchanged(second).length === 1);
  deepEqual(addresses(exchanged(second)[0]?.added), ["127.0.0.1 1111"]);
  await first.interested();
});

test("a gateway tells of a peer that names its port after all", async () => {
  await using given = await GivenGateway.start([ONE]);
  const late = await given.join(ONE, "late", EXTENDED);
  late.extend(0, introduction({ pex: PEX_ID }));
  await late.interested();
  late.extend(0, introduction({}, 3_333));
  late.send({ kind: "not-interested" });
  await late.until(() => late.choked);
  const other = await joined(given, ONE, { name: "other", listenPort: 4_444 });
  await other.until(() => exchanged(other).length === 1);
  deepEqual(addresses(exchanged(other)[0]?.added), ["127.0.0.1 3333"]);
});

function sibling({ bus }: GivenGateway, host: string): void {
  const id = "gateway-2";
  bus.publish(
    presenceEvent,
    { role: "gateway", id },
    {
      ...{ role: "gateway", id, version: VERSION, startedAtMs: 0, draining: false, load: 0 },
      ...{ peerAddress: { host, port: 7_000 }, urls: [], gateway: null },
    },
  );
}

async function joined(
  given: GivenGateway,
  torrent: GivenTorrent,
  { name, listenPort }: { readonly name: string; readonly listenPort: number },
): Promise<TestPeer> {
  const peer = await given.join(torrent, name, EXTENDED);
  peer.extend(0, introduction({ pex: PEX_ID }, listenPort));
  // What it says next is answered, so the gateway has read this by then.
  await peer.interested();
  peer.send({ kind: "not-interested" });
  await peer.until(() => peer.choked);
  return peer;
}

async function until(given: GivenGateway, holds: () => boolean): Promise<void> {
  while (!holds()) await given.join(ONE, "turn").then((peer) => peer[Symbol.dispose]());
}

async function hello(peer: TestPeer): Promise<ExtensionHandshake> {
  await peer.until(() => peer.extensions(0).length > 0);
  const handshake = decodeExtensionHandshake(peer.extensions(0)[0] ?? Buffer.of());
  ok(!("code" in handshake));
  return handshake;
}

function exchanged(peer: TestPeer): readonly PexMessage[] {
  return peer.extensions(PEX_ID).map((payload) => {
    const message = decodePexMessage(payload);
    ok(!("code" in message));
    return message;
  });
}

function addresses(peers: PexMessage["dropped"] = []): readonly string[] {
  return peers.map(({ host, port }) => `${host} ${port}`);
}

function introduction(
  ids: Partial<ExtensionHandshake["messageIds"]>,
  listenPort: number | null = null,
): Uint8Array {
  return encodeExtensionHandshake({
    messageIds: { metadata: null, pex: null, dontHave: null, ...ids },
    ...{ metadataSizeBytes: null, requestsQueuedMax: null, client: null },
    ...{ yourIp: null, listenPort, uploadOnly: null },
  });
}
