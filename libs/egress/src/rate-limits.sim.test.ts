import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KIB, MIB, SimulatedGateway, type SimulatedPeer, sumOf } from "./testing.ts";

const BLOCK_BYTES_LONGEST = 128 * KIB;

const anyLimit = fc.option(fc.integer({ min: 256 * KIB, max: 50 * MIB }));
const anyBlocks = fc.array(
  fc.oneof(fc.constantFrom(1, 16 * KIB, BLOCK_BYTES_LONGEST), fc.nat({ max: 131_071 })),
  { minLength: 1, maxLength: 4 },
);
const anyPeer = fc.record({
  limit: anyLimit,
  blocks: anyBlocks.map((lengths) => lengths.map((length) => Math.max(64, length))),
});
const anyTorrent = fc.record({
  limit: anyLimit,
  uploadClass: fc.constantFrom(null, "rare", "unknown"),
  peers: fc.array(anyPeer, { minLength: 1, maxLength: 8 }),
});
const anyGateway = fc.record({
  seed: fc.nat(),
  lateMsMax: fc.constantFrom(0, 2, 20),
  limit: fc.integer({ min: MIB, max: 100 * MIB }),
  torrents: fc.array(anyTorrent, { minLength: 1, maxLength: 4 }),
});

type Limited = { readonly limit: number; readonly peers: readonly SimulatedPeer[] };

// All want everything, so what is sent is what the limits allow: of the gateway, or of the torrents
// together, each of which has its own or those of its peers together.
test("every limit holds within 1 % over ten seconds, and all of it is used", () => {
  fc.assert(
    fc.property(anyGateway, ({ seed, lateMsMax, limit, torrents }) => {
      const limits = { uploadBytesPerSecond: limit, promises: { rare: 0.1 } };
      const gateway = new SimulatedGateway(limits, { seed, lateMsMax });
      const limited: Limited[] = [];
      let allowed = 0;
      for (const given of torrents) {
        const torrent = gateway.torrent(given.limit, given.uploadClass);
        const peers = given.peers.map(({ limit: uploadBytesPerSecond, blocks: blockBytes }) => {
          const peer = gateway.join({ torrent, uploadBytesPerSecond, blockBytes });
          limited.push({ limit: uploadBytesPerSecond ?? Number.POSITIVE_INFINITY, peers: [peer] });
          return peer;
        });
        const ofTorrent = given.limit ?? Number.POSITIVE_INFINITY;
        limited.push({ limit: ofTorrent, peers });
        const ofPeers = given.peers.map((peer) => peer.limit ?? Number.POSITIVE_INFINITY);
        allowed += Math.min(ofTorrent, sumOf(ofPeers));
      }
      const peers = [...gateway.peers];
      limited.push({ limit, peers });

      gateway.run(1);
      for (let window = 0; window < 3; window += 1) {
        const sent = new Map(gateway.sentIn(10, peers).map((bytes, at) => [peers[at], bytes]));
        for (const each of limited) {
          const bytes = sumOf(each.peers.map((peer) => sent.get(peer) ?? 0));
          const most = each.limit * 10 * 1.01 + BLOCK_BYTES_LONGEST;
          ok(bytes <= most, `${bytes} bytes of ${each.limit} a second`);
        }
        const least = Math.min(limit, allowed) * 10 * 0.99;
        const total = sumOf([...sent.values()]);
        ok(total >= least - peers.length * BLOCK_BYTES_LONGEST, `${total} bytes of ${least}`);
      }
    }),
    { numRuns: 60 },
  );
});

const tight = [
  { given: "10 MiB/s of the gateway", gateway: 10 * MIB, torrent: null, peer: null, count: 20 },
  { given: "1 GiB/s of the gateway", gateway: 1024 * MIB, torrent: null, peer: null, count: 200 },
  { given: "2 MiB/s of the torrent", gateway: null, torrent: 2 * MIB, peer: null, count: 20 },
  { given: "100 KiB/s of each peer", gateway: null, torrent: null, peer: 100 * KIB, count: 50 },
  { given: "all three, the peers' least", gateway: 9 * MIB, torrent: 8 * MIB, peer: MIB, count: 5 },
  { given: "blocks of one byte", gateway: 64 * KIB, torrent: null, peer: null, count: 3, block: 1 },
] as const;

for (const { given, gateway: ofGateway, torrent, peer, count, ...blocks } of tight) {
  test(`a limit is used to the last percent given ${given}`, () => {
    const gateway = new SimulatedGateway({ uploadBytesPerSecond: ofGateway });
    const blockBytes = ["block" in blocks ? blocks.block : 16 * KIB];
    const leeching = { torrent: gateway.torrent(torrent), uploadBytesPerSecond: peer, blockBytes };
    const peers = gateway.joinMany(count, leeching);
    gateway.run(1);
    const bytesPerSecond = sumOf(gateway.sentIn(20, peers)) / 20;
    const limit = Math.min(
      ofGateway ?? Number.POSITIVE_INFINITY,
      torrent ?? Number.POSITIVE_INFINITY,
      count * (peer ?? Number.POSITIVE_INFINITY),
    );
    ok(Math.abs(bytesPerSecond / limit - 1) <= 0.01, `${bytesPerSecond} of ${limit}`);
  });
}

const idle = [
  { given: "the gateway", limits: { gateway: MIB, torrent: null, peer: null } },
  { given: "a torrent", limits: { gateway: null, torrent: MIB, peer: null } },
  { given: "a peer", limits: { gateway: null, torrent: null, peer: MIB } },
] as const;

for (const { given, limits } of idle) {
  test(`an idle hour earns ${given} no more than a burst`, () => {
    const gateway = new SimulatedGateway({ uploadBytesPerSecond: limits.gateway });
    const torrent = gateway.torrent(limits.torrent);
    const peer = gateway.join({ torrent, uploadBytesPerSecond: limits.peer });
    gateway.run(1);
    const beforeBytes = peer.sentBytes;
    gateway.idle(peer, 3_600);
    equal(peer.sentBytes, beforeBytes);
    const [sentBytes = 0] = gateway.sentIn(0.5, [peer]);
    ok(sentBytes <= 0.6 * MIB + 16 * KIB, `${sentBytes} bytes in half a second`);
    ok(sentBytes >= 0.5 * MIB, `${sentBytes} bytes in half a second`);
  });
}

test("a peer that no limit concerns is given what it wants, and never waits", () => {
  const gateway = new SimulatedGateway({});
  const { shares } = gateway;
  const limited = gateway.torrent(KIB);
  gateway.joinMany(10, { torrent: limited });
  gateway.run(1);
  const free = gateway.join({ torrent: gateway.torrent() });
  equal(shares.take(free.share, 7 * MIB, gateway.nowMs), 7 * MIB);
});

test("what is given back is not lost: pieces that are not cached cost no upload", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 5 * MIB });
  const torrent = gateway.torrent(4 * MIB);
  const peers = gateway.joinMany(30, { torrent, missShare: 0.5 });
  gateway.run(1);
  const bytesPerSecond = sumOf(gateway.sentIn(10, peers)) / 10;
  ok(Math.abs(bytesPerSecond / (4 * MIB) - 1) <= 0.01, `${bytesPerSecond} bytes a second`);
});
