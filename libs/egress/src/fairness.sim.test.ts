import { ok } from "node:assert/strict";
import { test } from "node:test";
import { jainIndex, KIB, MIB, SimulatedGateway, type SimulatedPeer, sumOf } from "./testing.ts";

/** Peers that ask in different ways, and should have the same. */
const MANNERS = [[16 * KIB], [128 * KIB], [KIB], [16 * KIB, 13, 100_000], [100]];

function joinAll(gateway: SimulatedGateway, count: number, torrents: number): SimulatedPeer[] {
  const joined = Array.from({ length: torrents }, () => gateway.torrent());
  return Array.from({ length: count }, (_, index) => {
    const torrent = joined[index % torrents] ?? gateway.torrent();
    return gateway.join({ torrent, blockBytes: MANNERS[index % MANNERS.length] ?? [] });
  });
}

const equals = [
  { peers: 2, torrents: 1, bytesPerSecond: MIB },
  { peers: 60, torrents: 1, bytesPerSecond: 10 * MIB },
  { peers: 60, torrents: 60, bytesPerSecond: 10 * MIB },
  { peers: 61, torrents: 7, bytesPerSecond: 100 * MIB },
  { peers: 1_000, torrents: 50, bytesPerSecond: 100 * MIB },
  { peers: 4_096, torrents: 3, bytesPerSecond: 1024 * MIB },
] as const;

for (const { peers, torrents, bytesPerSecond } of equals) {
  const rate = `${bytesPerSecond / MIB} MiB/s`;
  test(`${peers} peers of ${torrents} torrents have the same of ${rate}`, () => {
    const gateway = new SimulatedGateway({ uploadBytesPerSecond: bytesPerSecond });
    const joined = joinAll(gateway, peers, torrents);
    gateway.run(1);
    const sent = gateway.sentIn(10, joined);
    ok(jainIndex(sent) >= 0.99, `Jain's index is ${jainIndex(sent)}`);
    const used = sumOf(sent) / 10 / bytesPerSecond;
    ok(Math.abs(used - 1) <= 0.01, `${used} of the limit was used`);
  });
}

test("peers whose torrent's limit holds them back have the same of that", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 50 * MIB });
  const limited = gateway.torrent(5 * MIB);
  const sharing = MANNERS.flatMap((blockBytes) =>
    gateway.joinMany(4, { torrent: limited, blockBytes }),
  );
  const others = gateway.joinMany(20, { torrent: gateway.torrent() });
  gateway.run(1);
  const sent = gateway.sentIn(10, [...sharing, ...others]);
  const ofLimited = sent.slice(0, sharing.length);
  const ofOthers = sent.slice(sharing.length);
  ok(jainIndex(ofLimited) >= 0.99, `Jain's index is ${jainIndex(ofLimited)}`);
  ok(jainIndex(ofOthers) >= 0.99, `Jain's index is ${jainIndex(ofOthers)}`);
  ok(sumOf(ofOthers) >= 0.99 * 10 * 45 * MIB);
});

test("peers that cannot take their part leave it to the others, who have the same of it", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 10 * MIB });
  const torrent = gateway.torrent();
  const slow = gateway.joinMany(10, { torrent, lineBytesPerSecond: 50 * KIB });
  const limited = gateway.joinMany(10, { torrent, uploadBytesPerSecond: 50 * KIB });
  const fast = gateway.joinMany(10, { torrent });
  gateway.run(1);
  const sent = gateway.sentIn(20, [...slow, ...limited, ...fast]);
  for (const bytes of sent.slice(0, 20)) {
    ok(Math.abs(bytes / (20 * 50 * KIB) - 1) <= 0.05, `${bytes} bytes of a slow peer`);
  }
  ok(jainIndex(sent.slice(20)) >= 0.99);
  ok(sumOf(sent) >= 0.99 * 20 * 10 * MIB);
});

// Whoever had much while nobody else wanted anything must not pay for that afterwards.
test("a peer that was alone is not held back for it when others come", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 20 * MIB });
  const torrent = gateway.torrent();
  const first = gateway.join({ torrent });
  gateway.run(60);
  const others = gateway.joinMany(199, { torrent });
  gateway.run(0.5);
  const sent = gateway.sentIn(10, [first, ...others]);
  ok(jainIndex(sent) >= 0.99);
  ok((sent[0] ?? 0) >= 0.95 * 10 * 0.1 * MIB, `the first had ${sent[0]} bytes`);
});

test("a peer that waited for its own limit has no more than the others once that is lifted", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 10 * MIB });
  const torrent = gateway.torrent();
  const limited = gateway.join({ torrent, uploadBytesPerSecond: 10 * KIB });
  const others = gateway.joinMany(9, { torrent });
  gateway.run(60);
  gateway.shares.setPeerLimits(limited.share, { uploadBytesPerSecond: null }, gateway.nowMs);
  const sent = gateway.sentIn(10, [limited, ...others]);
  ok(jainIndex(sent) >= 0.999, `Jain's index is ${jainIndex(sent)}`);
});

test("a torrent that waited for its own limit has no more once that is lifted", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 10 * MIB });
  const torrent = gateway.torrent(100 * KIB);
  const limited = gateway.joinMany(5, { torrent });
  const others = gateway.joinMany(5, { torrent: gateway.torrent() });
  gateway.run(60);
  const lifted = { uploadBytesPerSecond: null, uploadClass: null };
  gateway.shares.setTorrentLimits(torrent, lifted, gateway.nowMs);
  const sent = gateway.sentIn(10, [...limited, ...others]);
  ok(jainIndex(sent) >= 0.999, `Jain's index is ${jainIndex(sent)}`);
});

test("peers that come and go leave nothing behind, and the limit is used throughout", () => {
  const bytesPerSecond = 20 * MIB;
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: bytesPerSecond }, { seed: 7 });
  const torrents = [gateway.torrent(), gateway.torrent(MIB), gateway.torrent()];
  const staying = gateway.joinMany(50, { torrent: torrents[0] ?? gateway.torrent() });
  const coming: SimulatedPeer[] = [];
  gateway.run(1);
  const before = gateway.sentBytes;
  const stayingBefore = staying.map((peer) => peer.sentBytes);
  for (let step = 0; step < 1_000; step += 1) {
    for (let count = 0; count < 20; count += 1) {
      const torrent = torrents[Math.floor(gateway.chance() * torrents.length)];
      if (torrent !== undefined) coming.push(gateway.join({ torrent }));
    }
    while (coming.length > 300) {
      const [leaving] = coming.splice(Math.floor(gateway.chance() * coming.length), 1);
      if (leaving !== undefined) gateway.leave(leaving);
    }
    gateway.run(0.02);
  }
  const used = (gateway.sentBytes - before) / 20 / bytesPerSecond;
  ok(Math.abs(used - 1) <= 0.01, `${used} of the limit was used`);
  const sent = staying.map((peer, index) => peer.sentBytes - (stayingBefore[index] ?? 0));
  ok(jainIndex(sent) >= 0.99, `Jain's index is ${jainIndex(sent)}`);

  for (const peer of [...gateway.peers]) gateway.leave(peer);
  ok(gateway.shares.ready(gateway.nowMs + 1_000) === null);
  ok(gateway.shares.wakeAtMs(gateway.nowMs + 1_000) === null);
});
