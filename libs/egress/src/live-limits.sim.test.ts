import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { TorrentShare } from "./shares.ts";
import { KIB, MIB, SimulatedGateway, type SimulatedPeer, sumOf } from "./testing.ts";

type Sets = (gateway: SimulatedGateway, bytesPerSecond: number | null) => void;

type Changed = {
  readonly of: string;
  readonly limits: { readonly gateway?: number; readonly torrent?: number; readonly peer?: number };
  readonly set: (torrent: TorrentShare<SimulatedPeer>, peer: SimulatedPeer) => Sets;
};

const changed: readonly Changed[] = [
  {
    of: "the gateway",
    limits: { gateway: 20 * MIB },
    set: () => (gateway, uploadBytesPerSecond) => {
      const limits = { uploadBytesPerSecond, promises: {} };
      gateway.shares.setGatewayLimits(limits, gateway.nowMs);
    },
  },
  {
    of: "a torrent",
    limits: { torrent: 20 * MIB },
    set: (torrent) => (gateway, uploadBytesPerSecond) => {
      const limits = { uploadBytesPerSecond, uploadClass: null };
      gateway.shares.setTorrentLimits(torrent, limits, gateway.nowMs);
    },
  },
  {
    of: "a peer",
    limits: { peer: 20 * MIB },
    set: (_, peer) => (gateway, uploadBytesPerSecond) => {
      gateway.shares.setPeerLimits(peer.share, { uploadBytesPerSecond }, gateway.nowMs);
    },
  },
];

for (const { of, limits, set } of changed) {
  test(`a limit of ${of} holds at once when it changes, also down to nothing and back`, () => {
    const { gateway, torrent, peer } = givenLimited(limits);
    const setLimit = set(torrent, peer);
    gateway.run(5);
    for (const bytesPerSecond of [MIB, 64 * MIB, 30 * KIB, 0, 5 * MIB]) {
      setLimit(gateway, bytesPerSecond);
      const [sentBytes = 0] = gateway.sentIn(10, [peer]);
      // The block that made a debt under the limit before may still go, and the last one overdraws.
      const least = 0.99 * 10 * bytesPerSecond - 32 * KIB;
      const most = 1.01 * 10 * bytesPerSecond + 32 * KIB;
      ok(sentBytes >= least && sentBytes <= most, `${sentBytes} bytes at ${bytesPerSecond}`);
    }
  });

  test(`a limit of ${of} that is lifted while peers wait lets all of them go`, () => {
    const { gateway, torrent, peer } = givenLimited({ ...limits, lineBytesPerSecond: MIB });
    const other = gateway.join({ torrent, lineBytesPerSecond: MIB });
    const setLimit = set(torrent, peer);
    setLimit(gateway, KIB);
    gateway.run(5);
    setLimit(gateway, null);
    for (const sentBytes of gateway.sentIn(10, [peer, other])) {
      ok(Math.abs(sentBytes / (10 * MIB) - 1) <= 0.05, `${sentBytes} bytes`);
    }
    equal(gateway.shares.ready(gateway.nowMs), null);
    equal(gateway.shares.wakeAtMs(gateway.nowMs), null);
  });
}

// 128 KiB at 1 KiB/s would be paid back in two minutes; at the limit they went under, in 1.25 ms.
test("a debt from before a limit was lowered is paid in the time it would have taken", () => {
  const { gateway, peer } = givenLimited({ peer: 100 * MIB, blockBytes: 128 * KIB });
  gateway.run(1);
  gateway.shares.setPeerLimits(peer.share, { uploadBytesPerSecond: KIB }, gateway.nowMs);
  const [sentBytes = 0] = gateway.sentIn(1, [peer]);
  ok(sentBytes >= 128 * KIB, "it was given nothing for a second");
});

test("what peers were sent while there was no limit is held against nobody", () => {
  const gateway = new SimulatedGateway({});
  const torrent = gateway.torrent();
  const peers = gateway.joinMany(9, { torrent, lineBytesPerSecond: 4 * MIB });
  // This one overdraws with every batch.
  peers.push(gateway.join({ torrent, lineBytesPerSecond: 4 * MIB, blockBytes: [100_000] }));
  gateway.run(60);
  const limits = { uploadBytesPerSecond: MIB, promises: {} };
  gateway.shares.setGatewayLimits(limits, gateway.nowMs);
  gateway.run(1);
  for (const sentBytes of gateway.sentIn(10, peers)) {
    ok(Math.abs(sentBytes / MIB - 1) <= 0.1, `${sentBytes} bytes`);
  }
});

test("limits that change four times a second hold on average", () => {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: 10 * MIB }, { seed: 3 });
  const peers = gateway.joinMany(40, { torrent: gateway.torrent(), blockBytes: [128 * KIB] });
  gateway.run(1);
  let allowedBytes = 0;
  const before = sumOf(peers.map((peer) => peer.sentBytes));
  for (let quarter = 0; quarter < 80; quarter += 1) {
    const uploadBytesPerSecond = (2 + 16 * gateway.chance()) * MIB;
    const limits = { uploadBytesPerSecond, promises: {} };
    gateway.shares.setGatewayLimits(limits, gateway.nowMs);
    allowedBytes += uploadBytesPerSecond / 4;
    gateway.run(0.25);
  }
  const sentBytes = sumOf(peers.map((peer) => peer.sentBytes)) - before;
  ok(Math.abs(sentBytes / allowedBytes - 1) <= 0.03, `${sentBytes} of ${allowedBytes}`);
});

type Given = Changed["limits"] & {
  readonly blockBytes?: number;
  readonly lineBytesPerSecond?: number;
};

function givenLimited(limits: Given): {
  readonly gateway: SimulatedGateway;
  readonly torrent: TorrentShare<SimulatedPeer>;
  readonly peer: SimulatedPeer;
} {
  const gateway = new SimulatedGateway({ uploadBytesPerSecond: limits.gateway ?? null });
  const torrent = gateway.torrent(limits.torrent ?? null);
  const peer = gateway.join({
    torrent,
    uploadBytesPerSecond: limits.peer ?? null,
    blockBytes: [limits.blockBytes ?? 16 * KIB],
    lineBytesPerSecond: limits.lineBytesPerSecond ?? null,
  });
  return { gateway, torrent, peer };
}
