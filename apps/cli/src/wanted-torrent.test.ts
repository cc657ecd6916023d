import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import {
  MIRROR_FILE_RANGES_MAX,
  MIRROR_PEERS_MAX,
  MIRROR_TRACKERS_MAX,
  MIRROR_WEB_SEEDS_MAX,
} from "@seedfleet/contracts";
import { makeMetainfo } from "@seedfleet/metainfo";
import { errorCode } from "@seedfleet/runtime";
import { givenInfoHash } from "./fleet-testing.ts";
import { mirrorOf, type WantedTorrent, wantedTorrent } from "./wanted-torrent.ts";

const V1 = "ab".repeat(20);
const V2 = "cd".repeat(32);

const TERMS: Parameters<typeof mirrorOf>[1] = {
  ...{ gateways: 2, peers: [], trackers: [], dht: false },
  ...{ holder: "store-1", purpose: "mirror", addedAtMs: 1_000, announce: null },
};

const WANTED: WantedTorrent = {
  ...{ infoHash: givenInfoHash("ab"), infoHashV2: null, name: "debian", private: false },
  ...{ trackers: [], webSeeds: [], peers: [], files: null, torrent: null },
};

function givenTorrent(differing: object = {}): Uint8Array {
  return makeMetainfo({
    ...{ name: "a.bin", single: true, pieceLengthBytes: 16_384 },
    ...{ files: [{ path: ["a.bin"], lengthBytes: 1 }], pieceHashes: Buffer.alloc(20) },
    ...{ trackers: [["udp://a/", "udp://b/"], ["http://c/"]], webSeeds: ["http://w/"] },
    ...differing,
  });
}

test("wantedTorrent() given a magnet link takes each tracker for a tier", async () => {
  const swarm = "tr=udp://a/&tr=http://b/&ws=http://w/&x.pe=192.0.2.1:6881&x.pe=[2001:db8::1]:1";
  const { torrent, ...wanted } = await wantedTorrent(
    ` magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}&dn=debian&${swarm}\n`,
  );
  equal(torrent, null);
  deepEqual(wanted, {
    ...{ infoHash: V1, infoHashV2: V2, name: "debian", private: false, files: null },
    ...{ trackers: [["udp://a/"], ["http://b/"]], webSeeds: ["http://w/"] },
    peers: [
      { host: "192.0.2.1", port: 6881 },
      { host: "2001:db8::1", port: 1 },
    ],
  });
});

test("wantedTorrent() given a magnet link by one hash alone", async () => {
  const v1 = await wantedTorrent(`magnet:?xt=urn:btih:${V1}`);
  deepEqual([v1.infoHash, v1.infoHashV2, v1.name], [V1, null, null]);
  const v2 = await wantedTorrent(`MAGNET:?xt=urn:btmh:1220${V2}`);
  deepEqual([v2.infoHash, v2.infoHashV2], [V2.slice(0, 40), V2]);
});

test("wantedTorrent() given a magnet link that names files", async () => {
  const link = `magnet:?xt=urn:btih:${V1}&so=`;
  deepEqual((await wantedTorrent(`${link}0,4-6`)).files, [
    [0, 0],
    [4, 6],
  ]);
  for (const wrong of [
    "",
    "a",
    "2-1",
    Array(MIRROR_FILE_RANGES_MAX + 1)
      .fill(1)
      .join(),
  ]) {
    await rejects(wantedTorrent(link + wrong), (error) => errorCode(error) === "magnet-selection");
  }
});

test("wantedTorrent() given a magnet link or a file that is none says so", async () => {
  await rejects(wantedTorrent("magnet:?dn=a"), /^SeedfleetError: .*it has no info hash/);
  using place = new GivenDirectory({ "a.torrent": "<html>" });
  await rejects(wantedTorrent(place.at("a.torrent")), /^SeedfleetError: Cannot take .*a\.torrent/);
  await rejects(wantedTorrent(place.at("b.torrent")), /there is no such file/);
});

test("wantedTorrent() given a .torrent keeps its tiers and its bytes", async () => {
  const bytes = givenTorrent();
  using place = new GivenDirectory({ "a.torrent": bytes });
  const wanted = await wantedTorrent(place.at("a.torrent"));
  const { trackers, webSeeds, name, private: isPrivate, torrent } = wanted;
  deepEqual(trackers, [["udp://a/", "udp://b/"], ["http://c/"]]);
  deepEqual([webSeeds, name, isPrivate], [["http://w/"], "a.bin", false]);
  ok(torrent !== null && Buffer.from(torrent.bytes).equals(bytes));
});

test("mirrorOf() puts what was said on the command line first", () => {
  const wanted: WantedTorrent = {
    ...WANTED,
    trackers: [["udp://a/", "udp://b/"], ["udp://named/"]],
    peers: [{ host: "192.0.2.1", port: 1 }],
  };
  const peer = { host: "192.0.2.2", port: 2 };
  const mirror = mirrorOf(wanted, { ...TERMS, peers: [peer], trackers: ["udp://named/"] });
  deepEqual(mirror, {
    ...{ infoHash: V1, infoHashV2: null, name: "debian", holder: "store-1", purpose: "mirror" },
    ...{ gateways: 2, dht: false, addedAtMs: 1_000, webSeeds: [] },
    trackers: [["udp://named/"], ["udp://a/", "udp://b/"]],
    peers: [peer, { host: "192.0.2.1", port: 1 }],
  });
});

test("mirrorOf() takes the files that a magnet names, unless others are named", () => {
  const wanted: WantedTorrent = { ...WANTED, files: [[1, 2]] };
  const choice = { only: [], first: ["a"], sequential: false };
  const { files } = wanted;
  deepEqual(mirrorOf(wanted, TERMS).choice, { ...choice, first: [], files });
  deepEqual(mirrorOf(wanted, { ...TERMS, choice }).choice, { ...choice, files });
  const other = { ...choice, only: ["*"] };
  deepEqual(mirrorOf(wanted, { ...TERMS, choice: other }).choice, other);
});

test("mirrorOf() leaves out what no gateway can ask, and what is too much", () => {
  const many = Array.from({ length: 300 }, (_, at) => at);
  const { trackers, webSeeds, peers } = mirrorOf(
    {
      ...WANTED,
      trackers: [["wss://a/", "udp://b/"], ["ftp://c/"], ...many.map((at) => [`udp://${at}/`])],
      webSeeds: ["ftp://w/", ...many.map((at) => `http://w/${at}`)],
      peers: [
        { host: "h".repeat(254), port: 1 },
        ...many.map((at) => ({ host: "h", port: 1 + at })),
      ],
    },
    TERMS,
  );
  deepEqual(trackers.slice(0, 2), [["udp://b/"], ["udp://0/"]]);
  deepEqual(
    [trackers.length, webSeeds.length, peers.length],
    [MIRROR_TRACKERS_MAX, MIRROR_WEB_SEEDS_MAX, MIRROR_PEERS_MAX],
  );
});

test("mirrorOf() given a private torrent seeks no peers in the DHT", () => {
  const wanted = { ...WANTED, private: true };
  equal(mirrorOf(wanted, TERMS).dht, false);
  throws(
    () => mirrorOf(wanted, { ...TERMS, dht: true }),
    (error) => errorCode(error) === "torrent-private",
  );
  equal(mirrorOf(WANTED, { ...TERMS, dht: true }).dht, true);
});
