import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { jainIndex, KIB, MIB, SimulatedGateway, sumOf } from "./testing.ts";

const cases = [
  { given: "no other limit", gateway: null, limit: 2 * MIB, peers: 20, others: 20, then: 2 * MIB },
  {
    given: "a gateway that is full, of which it would get more",
    ...{ gateway: 10 * MIB, limit: MIB, peers: 20, others: 20, then: MIB },
  },
  {
    given: "a gateway that is full, of which it gets less",
    ...{ gateway: 10 * MIB, limit: 8 * MIB, peers: 20, others: 20, then: 5 * MIB },
  },
  {
    given: "a slow class: a block a second",
    ...{ gateway: 4 * MIB, limit: 16 * KIB, peers: 2, others: 10, then: 16 * KIB },
  },
  {
    given: "nobody else",
    ...{ gateway: 10 * MIB, limit: 3 * MIB, peers: 7, others: 0, then: 3 * MIB },
  },
] as const;

for (const { given, gateway: bytesPerSecond, limit, peers, others, then } of cases) {
  test(`a limit of a class holds and is used given ${given}`, () => {
    const gateway = new SimulatedGateway({
      ...{ uploadBytesPerSecond: bytesPerSecond, classLimits: { bulk: limit } },
    });
    const line = { lineBytesPerSecond: bytesPerSecond === null ? MIB : null };
    // Of two torrents, as the class has one limit for all of them.
    const torrents = [gateway.torrent(null, "bulk"), gateway.torrent(null, "bulk")];
    const ofClass = Array.from({ length: peers }, (_, index) => {
      const torrent = torrents[index % 2] ?? gateway.torrent();
      return gateway.join({ torrent, ...line });
    });
    const ordinary = gateway.joinMany(others, { torrent: gateway.torrent(), ...line });
    gateway.run(2);
    const sent = gateway.sentIn(60, [...ofClass, ...ordinary]);
    const bytes = sumOf(sent.slice(0, peers));
    ok(Math.abs(bytes / 60 / then - 1) <= 0.02, `the class had ${bytes / 60} of ${then}`);
    ok(jainIndex(sent.slice(0, peers)) >= 0.95);
    const rest = sumOf(sent.slice(peers)) / 60;
    const left = bytesPerSecond === null ? others * MIB : bytesPerSecond - then;
    if (others > 0) ok(Math.abs(rest / left - 1) <= 0.02, `the others had ${rest} of ${left}`);
  });
}

test("a class that is limited has no part in what is promised to it beyond that", () => {
  const promises = { rare: 0.5 };
  const limits = { uploadBytesPerSecond: 8 * MIB, promises, classLimits: { rare: MIB } };
  const gateway = new SimulatedGateway(limits);
  const rare = gateway.joinMany(2, { torrent: gateway.torrent(null, "rare") });
  const others = gateway.joinMany(20, { torrent: gateway.torrent() });
  gateway.run(2);
  const sent = gateway.sentIn(30, [...rare, ...others]);
  ok(Math.abs(sumOf(sent.slice(0, 2)) / 30 / MIB - 1) <= 0.02);
  ok(Math.abs(sumOf(sent) / 30 / (8 * MIB) - 1) <= 0.02);
});

test("a class is limited, more and less, and not any more, at once", () => {
  const gateway = new SimulatedGateway({});
  const line = { lineBytesPerSecond: 4 * MIB };
  const [peer] = gateway.joinMany(1, { torrent: gateway.torrent(null, "bulk"), ...line });
  ok(peer !== undefined);
  for (const [limit, then] of [
    [MIB, MIB],
    [KIB * 64, KIB * 64],
    [2 * MIB, 2 * MIB],
    [null, 4 * MIB],
  ] as const) {
    const classLimits: Record<string, number> = limit === null ? {} : { bulk: limit };
    const limits = { uploadBytesPerSecond: null, promises: {}, classLimits };
    gateway.shares.setGatewayLimits(limits, gateway.nowMs);
    // Who waited is named by the timer, which the shell sets anew.
    gateway.run(1);
    const [bytes = 0] = gateway.sentIn(20, [peer]);
    ok(Math.abs(bytes / 20 / then - 1) <= 0.03, `${bytes / 20} of ${then}`);
  }
});

test("demand() tells of each limit whether somebody waits for it, and how many used it", () => {
  const classLimits = { bulk: MIB, idle: MIB };
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 8 * MIB, classLimits });
  const { shares } = gateway;
  const limited = shares.addTorrent(
    { uploadBytesPerSecond: MIB, uploadClass: null, measured: true },
    0,
  );
  const roomy = shares.addTorrent(
    { uploadBytesPerSecond: 8 * MIB, uploadClass: null, measured: true },
    0,
  );
  gateway.joinMany(3, { torrent: limited });
  gateway.joinMany(2, { torrent: roomy, lineBytesPerSecond: 512 * KIB });
  const bulk = gateway.joinMany(4, { torrent: gateway.torrent(null, "bulk") });
  gateway.run(2);
  shares.demand(gateway.nowMs);
  gateway.run(1);
  const demand = shares.demand(gateway.nowMs);
  const held = Number.POSITIVE_INFINITY;
  equal(demand.classes.get("bulk")?.wantedBytesPerSecond, held);
  equal(demand.classes.get("bulk")?.activePeers, 4);
  equal(demand.classes.get("idle")?.wantedBytesPerSecond, 0);
  equal(demand.torrents.get(limited)?.wantedBytesPerSecond, held);
  equal(demand.torrents.get(limited)?.activePeers, 3);
  const wanted = demand.torrents.get(roomy)?.wantedBytesPerSecond ?? 0;
  ok(wanted > 0.9 * MIB && wanted < 1.2 * MIB, `${wanted}`);
  // Nobody waits for the gateway: 1 + 1 + 1 MiB/s go through it.
  ok(Math.abs(demand.gateway.wantedBytesPerSecond / MIB - 3.1) < 0.3);
  equal(demand.gateway.activePeers, 9);

  for (const peer of bulk) gateway.leave(peer);
  gateway.run(1);
  shares.demand(gateway.nowMs);
  gateway.run(1);
  equal(shares.demand(gateway.nowMs).classes.get("bulk")?.wantedBytesPerSecond, 0);
});
