import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import type { PeerShare } from "./shares.ts";
import {
  type GatewayLimits,
  PROMISED_SHARE_MAX,
  type TorrentLimits,
  UPLOAD_CLASSES_MAX,
} from "./upload-limits.ts";
import { UploadShares } from "./upload-shares.ts";

const BLOCK_BYTES = 16 * 1024;

/** A gateway of 1 byte a ms, whose burst is gone, and peers of one torrent. */
function givenPeers(
  names: readonly string[],
  { gateway = {}, torrent = {} }: GivenLimits = {},
): { readonly shares: UploadShares<string>; readonly peers: readonly PeerShare<string>[] } {
  const shares = new UploadShares<string>(
    { uploadBytesPerSecond: 1_000, promises: {}, ...gateway },
    0,
  );
  const limits = { uploadBytesPerSecond: null, uploadClass: null, ...torrent };
  const joined = shares.addTorrent(limits, 0);
  const join = (owner: string) => shares.join(joined, { uploadBytesPerSecond: null, owner }, 0);
  const first = join("first");
  shares.correct(first, 100 - shares.take(first, 100, 0));
  shares.leave(first);
  return { shares, peers: names.map(join) };
}

type GivenLimits = {
  readonly gateway?: Partial<GatewayLimits>;
  readonly torrent?: Partial<TorrentLimits>;
};

/** Everybody who is named until nobody is; none of them sends anything. */
function named(shares: UploadShares<string>, nowMs: number): string[] {
  const owners: string[] = [];
  for (let peer = shares.ready(nowMs); peer !== null; peer = shares.ready(nowMs)) {
    owners.push(peer.owner);
  }
  return owners;
}

test("take() gives 0 to a peer that waits, however often it asks, and names it once", () => {
  const { shares, peers } = givenPeers(["a"]);
  for (const peer of [...peers, ...peers]) equal(shares.take(peer, BLOCK_BYTES, 0), 0);
  deepEqual(named(shares, 0), []);
  deepEqual(named(shares, 10), ["a"]);
  equal(shares.wakeAtMs(10), null);
});

test("take() lets nobody overtake those that wait", () => {
  const { shares, peers } = givenPeers(["a", "b"]);
  const [a, b] = peers;
  ok(a && b);
  equal(shares.take(a, 10, 0), 0);
  equal(shares.take(b, 10, 50), 0);
  equal(shares.ready(50), a);
  equal(shares.take(a, 10, 50), 10);
  equal(shares.ready(50), b);
});

test("take() keeps no turn for later that was not used", () => {
  const { shares, peers } = givenPeers(["a", "b"]);
  const [a, b] = peers;
  ok(a && b);
  for (const peer of peers) equal(shares.take(peer, 10, 0), 0);
  deepEqual(named(shares, 10), ["a", "b"]);
  shares.correct(a, 1_000);
  equal(shares.take(a, 10, 10), 0);
  equal(shares.take(b, 10, 2_000), 0);
});

test("take() gives no more than there is, and lets a block be overdrawn and paid back", () => {
  const { shares, peers } = givenPeers(["a"]);
  const [a] = peers;
  ok(a);
  equal(shares.take(a, BLOCK_BYTES, 50), 50);
  shares.correct(a, BLOCK_BYTES - 50);
  equal(shares.take(a, BLOCK_BYTES, 50), 0);
  const wakeMs = shares.wakeAtMs(50) ?? 0;
  ok(wakeMs > BLOCK_BYTES && wakeMs < BLOCK_BYTES + 10);
  equal(shares.ready(BLOCK_BYTES - 1), null);
  equal(shares.ready(wakeMs), a);
});

test("take() gives nothing for nothing, and nothing to who left", () => {
  const { shares, peers } = givenPeers(["a"]);
  const [a] = peers;
  ok(a);
  equal(shares.take(a, 0, 50), 0);
  equal(shares.wakeAtMs(50), null);
  shares.leave(a);
  equal(shares.take(a, 10, 50), 0);
  deepEqual(named(shares, 100), []);
});

const places = [
  { given: "the gateway's limit", limits: {} },
  { given: "its torrent's limit", limits: { torrent: { uploadBytesPerSecond: 1_000 } } },
] as const;

for (const { given, limits } of places) {
  test(`leave() ends the wait for ${given}, of nobody else`, () => {
    const { shares, peers } = givenPeers(["a", "b", "c"], limits);
    const [a, b, c] = peers;
    ok(a && b && c);
    for (const peer of peers) equal(shares.take(peer, 10, 0), 0);
    shares.leave(b);
    deepEqual(named(shares, 10).toSorted(), ["a", "c"]);
    for (const peer of [a, c]) shares.leave(peer);
    equal(shares.wakeAtMs(10), null);
  });
}

test("leave() ends the wait for the peer's own limit", () => {
  const { shares, peers } = givenPeers(["a"]);
  const [a] = peers;
  ok(a);
  shares.setPeerLimits(a, { uploadBytesPerSecond: 0 }, 0);
  equal(shares.take(a, 10, 50), 0);
  equal(shares.wakeAtMs(50), null);
  shares.setPeerLimits(a, { uploadBytesPerSecond: 100 }, 50);
  ok(shares.wakeAtMs(50) !== null);
  shares.leave(a);
  equal(shares.wakeAtMs(50), null);
});

test("ready() names peers by what they had, across torrents, also when they send nothing", () => {
  const shares = new UploadShares<string>({ uploadBytesPerSecond: 1_000, promises: {} }, 0);
  const limits = { uploadBytesPerSecond: null, uploadClass: null };
  const [one, other] = [shares.addTorrent(limits, 0), shares.addTorrent(limits, 0)];
  const hadBytes = [
    { owner: "had 0", torrent: one, bytes: 0 },
    { owner: "had 900", torrent: one, bytes: 900 },
    { owner: "had 600", torrent: other, bytes: 600 },
    { owner: "had 300", torrent: one, bytes: 300 },
  ];
  const waiting: PeerShare<string>[] = [];
  for (const { owner, torrent, bytes } of hadBytes) {
    const peer = shares.join(torrent, { uploadBytesPerSecond: null, owner }, 0);
    shares.correct(peer, bytes);
    waiting.push(peer);
  }
  for (const peer of waiting) equal(shares.take(peer, 10, 0), 0);
  deepEqual(named(shares, 10_000), ["had 0", "had 300", "had 600", "had 900"]);
});

test("ready() names nobody whose torrent has no more to give", () => {
  const { shares, peers } = givenPeers(["a", "b"], {
    gateway: { uploadBytesPerSecond: 10_000 },
    torrent: { uploadBytesPerSecond: 1_000 },
  });
  for (const peer of peers) equal(shares.take(peer, 100, 0), 0);
  const first = shares.ready(10);
  ok(first !== null);
  equal(shares.take(first, 100, 10), 10);
  equal(shares.ready(10), null);
  equal(shares.wakeAtMs(10), 15);
});

test("wakeAtMs() is the soonest of all that is waited for", () => {
  const { shares, peers } = givenPeers(["a", "b"]);
  const [a, b] = peers;
  ok(a && b);
  shares.setPeerLimits(a, { uploadBytesPerSecond: 10 }, 0);
  equal(shares.take(a, 1, 50), 1);
  equal(shares.take(a, 1, 50), 0);
  const forPeerMs = shares.wakeAtMs(50) ?? 0;
  shares.correct(b, 1_000);
  equal(shares.take(b, 1, 50), 0);
  equal(shares.wakeAtMs(50), forPeerMs);
  equal(shares.wakeAtMs(9_000), 9_000);
});

test("demand() is what was used and a little more, and unknown while somebody is held back", () => {
  const { shares, peers } = givenPeers(["a", "b"]);
  const [a, b] = peers;
  ok(a && b);
  shares.demand(0);
  equal(shares.take(a, 40, 60), 40);
  const used = shares.demand(100).gateway;
  equal(used.activePeers, 1);
  ok(used.wantedBytesPerSecond > 400 && used.wantedBytesPerSecond < 440);

  shares.correct(b, 1_000);
  equal(shares.take(b, 10, 100), 0);
  const held = { wantedBytesPerSecond: Number.POSITIVE_INFINITY, activePeers: 1 };
  deepEqual(shares.demand(200).gateway, held);
  deepEqual(shares.demand(300).gateway, { ...held, activePeers: 0 });
  deepEqual(named(shares, 2_000), ["b"]);
  deepEqual(shares.demand(9_000).gateway, { wantedBytesPerSecond: 0, activePeers: 0 });
});

test("a class is there while something is promised to it or it is limited", () => {
  const { shares } = givenPeers([]);
  const torrents = ["promised", "limited", "neither"].map((uploadClass) => {
    const torrent = shares.addTorrent({ uploadBytesPerSecond: null, uploadClass }, 0);
    shares.join(torrent, { uploadBytesPerSecond: null, owner: uploadClass }, 0);
    return torrent;
  });
  const classes = (): number => new Set(torrents.map((each) => each.uploadClass)).size;
  equal(classes(), 1);
  const limits = { promises: { promised: 0.5 }, classLimits: { limited: 10 } };
  shares.setGatewayLimits({ uploadBytesPerSecond: 1_000, ...limits }, 0);
  equal(classes(), 3);
  shares.setGatewayLimits({ uploadBytesPerSecond: 1_000, promises: {} }, 0);
  equal(classes(), 1);
});

const promises = [
  { given: "more than can be promised", promises: { a: PROMISED_SHARE_MAX, b: 0.01 } },
  { given: "less than nothing", promises: { a: -0.1 } },
  { given: "what is no number", promises: { a: Number.NaN } },
  {
    given: "too many classes",
    promises: Object.fromEntries(
      Array.from({ length: UPLOAD_CLASSES_MAX + 1 }, (_, index) => [`class-${index}`, 0]),
    ),
  },
];

for (const { given, promises: refused } of promises) {
  test(`UploadShares refuses promises of ${given}`, () => {
    throws(() => new UploadShares({ uploadBytesPerSecond: 1_000, promises: refused }, 0));
  });
}

test("UploadShares refuses more limited classes than can be", () => {
  const names = Array.from({ length: UPLOAD_CLASSES_MAX + 1 }, (_, index) => `class-${index}`);
  const classLimits = Object.fromEntries(names.map((name) => [name, 1]));
  throws(() => new UploadShares({ uploadBytesPerSecond: null, promises: {}, classLimits }, 0));
});

test("UploadShares takes promises of as much as there can be", () => {
  const shared = { a: 0.3, b: 0.3, c: PROMISED_SHARE_MAX - 0.6 };
  ok(new UploadShares({ uploadBytesPerSecond: 1_000, promises: shared }, 0));
});
