import { ok } from "node:assert/strict";
import { test } from "node:test";
import { jainIndex, KIB, MIB, SimulatedGateway, sumOf } from "./testing.ts";

const cases = [
  {
    given: "one peer among a hundred, which is kept",
    ...{ share: 0.05, bytesPerSecond: 10 * MIB, rare: 1, others: 100, then: 0.05 },
  },
  {
    given: "three peers among a thousand, which is kept",
    ...{ share: 0.1, bytesPerSecond: 100 * MIB, rare: 3, others: 1_000, then: 0.1 },
  },
  {
    given: "half of the peers, who have half and not only what was promised",
    ...{ share: 0.05, bytesPerSecond: 10 * MIB, rare: 50, others: 50, then: 0.5 },
  },
  {
    given: "about what they would have anyway",
    ...{ share: 0.34, bytesPerSecond: 10 * MIB, rare: 2, others: 4, then: 0.34 },
  },
  {
    given: "the most there can be",
    ...{ share: 0.9, bytesPerSecond: 10 * MIB, rare: 1, others: 100, then: 0.9 },
  },
  {
    given: "a gateway so slow that a block of another takes a second",
    ...{ share: 0.3, bytesPerSecond: 128 * KIB, rare: 1, others: 20, then: 0.3, seconds: 900 },
  },
  {
    given: "nobody else",
    ...{ share: 0.05, bytesPerSecond: 10 * MIB, rare: 2, others: 0, then: 1 },
  },
  {
    given: "nobody to whom it was promised",
    ...{ share: 0.05, bytesPerSecond: 10 * MIB, rare: 0, others: 2, then: 0 },
  },
] as const;

for (const { given, share, bytesPerSecond, rare, others, then, ...measured } of cases) {
  test(`a promise of ${share} given ${given}`, () => {
    const limits = { uploadBytesPerSecond: bytesPerSecond, promises: { rare: share } };
    const gateway = new SimulatedGateway(limits);
    const promised = gateway.joinMany(rare, { torrent: gateway.torrent(null, "rare") });
    const ordinary = { torrent: gateway.torrent(), blockBytes: [128 * KIB] };
    const all = [...promised, ...gateway.joinMany(others, ordinary)];
    const seconds = "seconds" in measured ? measured.seconds : 60;
    gateway.run(2);
    const sent = gateway.sentIn(seconds, all);
    const ofClass = sumOf(sent.slice(0, rare)) / sumOf(sent);
    const used = sumOf(sent) / seconds / bytesPerSecond;
    ok(Math.abs(ofClass - then) <= 0.01, `the class had ${ofClass}`);
    ok(Math.abs(used - 1) <= 0.01, `${used} of the limit was used`);
    if (rare > 1) ok(jainIndex(sent.slice(0, rare)) >= 0.99);
    if (others > 1) ok(jainIndex(sent.slice(rare)) >= 0.99);
  });
}

test("promises to several classes are all kept, also when the gateway's limit changes", () => {
  const promises = { rare: 0.05, mirrors: 0.2, paid: 0.4 };
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 10 * MIB, promises });
  const classes = Object.keys(promises).map((name) =>
    gateway.joinMany(2, { torrent: gateway.torrent(null, name) }),
  );
  gateway.joinMany(200, { torrent: gateway.torrent() });
  for (const bytesPerSecond of [10 * MIB, 3 * MIB, 30 * MIB]) {
    const limits = { uploadBytesPerSecond: bytesPerSecond, promises };
    gateway.shares.setGatewayLimits(limits, gateway.nowMs);
    gateway.run(2);
    const sent = gateway.sentIn(20, classes.flat());
    for (const [index, share] of Object.values(promises).entries()) {
      const part = sumOf(sent.slice(2 * index, 2 * index + 2)) / 20 / bytesPerSecond;
      ok(Math.abs(part - share) <= 0.01 * share + 0.001, `promised ${share}, had ${part}`);
    }
  }
});

test("a promised class that comes and goes has its share at once, and no more for waiting", () => {
  const bytesPerSecond = 10 * MIB;
  const limits = { uploadBytesPerSecond: bytesPerSecond, promises: { rare: 0.2 } };
  const gateway = new SimulatedGateway(limits);
  gateway.joinMany(100, { torrent: gateway.torrent() });
  const rare = gateway.join({ torrent: gateway.torrent(null, "rare") });
  for (let round = 0; round < 5; round += 1) {
    gateway.idle(rare, 30);
    const [sentBytes = 0] = gateway.sentIn(5, [rare]);
    const part = sentBytes / 5 / bytesPerSecond;
    ok(part >= 0.198 && part <= 0.21, `it had ${part}`);
  }
});

test("a promised class that had everything while it was alone still has its share after", () => {
  const limits = { uploadBytesPerSecond: 10 * MIB, promises: { rare: 0.2 } };
  const gateway = new SimulatedGateway(limits);
  const rare = gateway.join({ torrent: gateway.torrent(null, "rare") });
  gateway.run(60);
  gateway.joinMany(100, { torrent: gateway.torrent() });
  const [sentBytes = 0] = gateway.sentIn(5, [rare]);
  const part = sentBytes / 5 / (10 * MIB);
  ok(part >= 0.198 && part <= 0.21, `it had ${part}`);
});

test("a peer that a promise put ahead pays nothing back when its class grows or that ends", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 10 * MIB, promises: { rare: 0.3 } });
  const torrent = gateway.torrent(null, "rare");
  const first = gateway.join({ torrent });
  const others = gateway.joinMany(99, { torrent: gateway.torrent() });
  gateway.run(120);
  const more = gateway.joinMany(29, { torrent });
  const sent = gateway.sentIn(10, [first, ...more]);
  ok(jainIndex(sent) >= 0.99, `Jain's index in the class is ${jainIndex(sent)}`);

  const limits = { uploadBytesPerSecond: 10 * MIB, promises: {} };
  gateway.shares.setGatewayLimits(limits, gateway.nowMs);
  gateway.run(10);
  const after = gateway.sentIn(20, [first, ...more, ...others]);
  ok(jainIndex(after) >= 0.99, `Jain's index of all is ${jainIndex(after)}`);
});

test("a torrent that changes its class has that one's share from then on", () => {
  const limits = { uploadBytesPerSecond: 10 * MIB, promises: { rare: 0.3 } };
  const gateway = new SimulatedGateway(limits);
  const torrent = gateway.torrent();
  const peer = gateway.join({ torrent });
  gateway.joinMany(99, { torrent: gateway.torrent() });
  for (const [uploadClass, share] of [
    [null, 0.01],
    ["rare", 0.3],
    ["unknown", 0.01],
  ] as const) {
    const changed = { uploadBytesPerSecond: null, uploadClass };
    gateway.shares.setTorrentLimits(torrent, changed, gateway.nowMs);
    gateway.run(1);
    const [sentBytes = 0] = gateway.sentIn(20, [peer]);
    const part = sentBytes / 20 / (10 * MIB);
    ok(Math.abs(part - share) <= 0.002, `${uploadClass} had ${part}`);
  }
});
