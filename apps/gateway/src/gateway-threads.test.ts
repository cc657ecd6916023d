import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { advanceUntil } from "@seedfleet/testkit";
import { BLOCK_BYTES } from "@seedfleet/wire";
import type { NamedGatewayConfig } from "./running-gateway.ts";
import { bindGateway } from "./start-gateway.ts";
import { blocksOf, DEFAULTS, GivenGateway, storeRefuses, until } from "./testing.ts";
import { givenPeerId, TestPeer } from "./testing-peer.ts";
import { SwarmView, workerThreads } from "./testing-threads.ts";
import { givenTorrent } from "./testing-torrent.ts";

// Peer threads have the system's clock, so these tests wait for what happens and for no time.
const WORKERS = 2;
const ONE = givenTorrent("one");
const LARGE = givenTorrent("large", { sizeBytes: 2_000_000 });
const FIRST = { piece: 0, begin: 0, length: BLOCK_BYTES };
const FAST = { reserved: { fast: true } };

const linux = process.platform === "linux" ? false : "threads are counted by Linux's /proc";

test("a gateway with threads serves every byte right from a cache of two pieces", async () => {
  // With what is left to pieces on their way out there is room for two of 64 KiB, framed.
  await using given = await started([LARGE], { cacheBytes: 150_000, unchokeSlots: 8 });
  using view = await SwarmView.open(given, WORKERS);
  const peers = await interestedPeers(given, 8, LARGE);
  const seen = await view.peers((all) => all.length === 8);
  ok(seen.every(({ thread }) => thread > 0));
  const blocks = [blocksOf(LARGE.metainfo), blocksOf(LARGE.metainfo, 10_000)];
  const contents = peers.map((peer, index) => {
    const inOrder = blocks[index % 2] ?? [];
    // Each begins somewhere else, so that their pieces push each other out.
    const from = Math.floor((index * inOrder.length) / peers.length);
    return peer.download([...inOrder.slice(from), ...inOrder.slice(0, from)], 40);
  });
  for (const content of await Promise.all(contents)) ok(content.equals(LARGE.content));
  ok(given.reads.length > 2 * LARGE.metainfo.pieceCount, `${given.reads.length} reads`);
  ok(given.gauge("cache_bytes") <= 150_000);
});

test("a gateway with threads reads a piece once for peers of all of them", async () => {
  await using given = await started([LARGE], { unchokeSlots: 8 });
  const peers = await interestedPeers(given, 8, LARGE);
  const blocks = blocksOf(LARGE.metainfo);
  const contents = await Promise.all(peers.map((peer) => peer.download(blocks)));
  for (const content of contents) ok(content.equals(LARGE.content));
  equal(given.reads.length, LARGE.metainfo.pieceCount);
});

test("a gateway with threads has as many unchoke slots as are set, over all of them", async () => {
  await using given = await started([ONE], { unchokeSlots: 2 });
  using view = await SwarmView.open(given, WORKERS);
  const peers: TestPeer[] = [];
  // The kernel chooses threads; there are peers of both soon.
  for (let threads = 0; threads < WORKERS; ) {
    const peer = await given.join(ONE, `peer-${peers.length}`);
    peer.send({ kind: "interested" });
    peers.push(peer);
    if (peers.length < 8) continue;
    const seen = await view.peers((all) => interestedIn(all) === peers.length);
    threads = new Set(seen.map(({ thread }) => thread)).size;
    equal(seen.filter(({ amChoking }) => !amChoking).length, 2);
  }
  await until(() => unchoked(peers).length === 2);
  equal(given.gauge("unchoked_peers"), 2);

  // Who loses interest, and who leaves, makes room for the next.
  const [first, second] = unchoked(peers);
  ok(first !== undefined && second !== undefined);
  first.send({ kind: "not-interested" });
  const others = peers.filter((peer) => peer !== first && peer !== second);
  await until(() => first.choked && unchoked(others).length === 1);
  second[Symbol.dispose]();
  await until(() => unchoked(others).length === 2);
  equal(given.gauge("unchoked_peers"), 2);
  // What was dropped by the choke is not answered, and the connection stays.
  first.send({ kind: "interested" });
  const seen = await view.peers((all) => interestedIn(all) === peers.length - 1);
  equal(seen.filter(({ amChoking }) => !amChoking).length, 2);
});

test("a gateway with threads asks once for a piece that is gone, whoever wants it", async () => {
  await using given = await started([ONE], { unchokeSlots: 9 });
  given.serve = (read) => {
    if (read.piece === 3) throw storeRefuses("content-changed");
    return [given.content(read)];
  };
  for (let index = 0; index < 8; index += 1) {
    const peer = await given.join(ONE, `peer-${index}`, FAST);
    await peer.interested();
    peer.request({ ...FIRST, piece: 3 });
    await peer.until(() => peer.count("reject-request") === 1);
    equal((await peer.download([FIRST])).length, BLOCK_BYTES);
  }
  equal(given.reads.filter(({ piece }) => piece === 3).length, 1);
  const plain = await given.join(ONE, "plain");
  await plain.interested();
  plain.request({ ...FIRST, piece: 3 });
  await plain.closed;
});

test("a gateway with threads lets in as many peers as are set, over all of them", async () => {
  await using given = await started([ONE], { peersMax: 5 });
  const peers = await Promise.all(Array.from({ length: 12 }, () => given.connect()));
  for (const peer of peers) peer.handshake(ONE.metainfo.infoHash);
  await until(() => given.closed("gateway-full") === 7);
  await until(() => peers.filter((peer) => peer.socket.destroyed).length === 7);
  const stay = peers.filter((peer) => !peer.socket.destroyed);
  for (const peer of stay) await peer.greeted();
  await until(() => given.gauge("peers") === 5);
  for (const peer of stay) peer[Symbol.dispose]();
  await until(() => given.closed("peer-closed") === 5);
  equal(given.gauge("peers"), 0);
  // Their places are free again, in whichever thread the next ones come.
  for (let index = 0; index < 5; index += 1) await given.join(ONE, `again-${index}`);
});

test("a gateway with threads counts bytes and ends as one without", async () => {
  await using given = await started([ONE], { unchokeSlots: 6 });
  const peers = await interestedPeers(given, 6);
  for (const peer of peers) await peer.download(blocksOf(ONE.metainfo));
  const [rude, ...polite] = peers;
  rude?.request({ ...FIRST, piece: 99 });
  for (const peer of polite) peer[Symbol.dispose]();
  await until(() => given.closed("peer-closed") === 5);
  await until(() => given.closed("request-out-of-range") === 1);
  deepEqual([given.gauge("peers"), given.gauge("unchoked_peers")], [0, 0]);
  await until(() => given.gauge("sent_bytes") >= 6 * ONE.content.length);
  equal(given.gauge("sent_bytes"), 6 * ONE.content.length);
});

test("a gateway with threads serves peers itself that came before those listened", async () => {
  const config = { ...DEFAULTS, workers: WORKERS, uploadBytesPerSecond: 100_000_000 };
  const bound = await bindGateway(config);
  using early = new TestPeer({ port: bound.port });
  await once(early.socket, "connect");
  await using given = await GivenGateway.start([ONE], config, bound);
  using view = await SwarmView.open(given, WORKERS);
  early.handshake(ONE.metainfo.infoHash, givenPeerId("early"));
  await early.interested();
  const late = await given.join(ONE, "late");
  await late.interested();
  const seen = await view.peers((all) => all.length === 2);
  deepEqual(
    seen.map(({ thread }) => thread > 0),
    [false, true],
  );
  for (const peer of [early, late]) {
    ok((await peer.download(blocksOf(ONE.metainfo))).equals(ONE.content));
  }
  equal(given.reads.length, ONE.metainfo.pieceCount);
});

test("a gateway with threads drains them, and they end", { skip: linux }, async () => {
  const before = workerThreads();
  await using given = await started([ONE]);
  equal(workerThreads(), before + WORKERS);
  const reading = Promise.withResolvers<void>();
  given.serve = async function* (read) {
    await reading.promise;
    yield given.content(read);
  };
  const peers = await interestedPeers(given, 4);
  for (const peer of peers) peer.request(FIRST, { ...FIRST, piece: 1 });
  await until(() => given.reads.length === 2);
  const idle = await given.join(ONE, "idle");
  const drained = given.gateway.drain();
  await idle.closed;
  reading.resolve();
  await drained;
  for (const peer of peers) {
    await peer.closed;
    deepEqual(peer.blocks.map(({ piece }) => piece).toSorted(), [0, 1]);
  }
  // The last word of the threads is what they sent.
  equal(given.gauge("sent_bytes"), 8 * BLOCK_BYTES);
  equal(given.closed("draining"), 5);
  await advanceUntil(given.clock, 100, given.stop());
  equal(workerThreads(), before);
});

function started(
  torrents: Parameters<typeof GivenGateway.start>[0],
  config: Partial<NamedGatewayConfig> = {},
): Promise<GivenGateway> {
  return GivenGateway.start(torrents, { ...config, workers: WORKERS });
}

/** Peers that have a slot each. */
async function interestedPeers(
  given: GivenGateway,
  count: number,
  torrent = ONE,
): Promise<TestPeer[]> {
  const peers: TestPeer[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = await given.join(torrent, `peer-${index}`);
    await peer.interested();
    peers.push(peer);
  }
  return peers;
}

function unchoked(peers: readonly TestPeer[]): readonly TestPeer[] {
  return peers.filter(({ choked }) => !choked);
}

function interestedIn(peers: readonly { readonly peerInterested: boolean }[]): number {
  return peers.filter(({ peerInterested }) => peerInterested).length;
}
