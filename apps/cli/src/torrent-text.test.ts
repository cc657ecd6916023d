import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { DescribedFile, DescribedMagnet, DescribedTorrent } from "./describe-torrent.ts";
import { magnetText, torrentText } from "./torrent-text.ts";

const HASH = "ab".repeat(20);
const HASH_V2 = "cd".repeat(32);

function givenFile(path: string, differing: Partial<DescribedFile> = {}): DescribedFile {
  const plain = { padding: false, executable: false, hidden: false, symlink: null };
  return { path, size: 425, ...plain, ...differing };
}

function givenTorrent(differing: Partial<DescribedTorrent> = {}): DescribedTorrent {
  return {
    ...{ kind: "torrent", name: "debian", infoHash: HASH, infoHashV2: null, version: "v1" },
    ...{ single: false, private: false, pieceLength: 16_384, pieces: 1, totalSize: 850 },
    ...{ trackers: [], webSeeds: [], httpSeeds: [], source: null, comment: null },
    ...{ createdBy: null, creationDate: null, similar: [], collections: [] },
    files: [givenFile("a/b"), givenFile("c")],
    ...differing,
  };
}

test("torrentText() given a plain torrent shows what it has and no empty row", () => {
  equal(
    torrentText(givenTorrent(), { files: false }),
    `debian
  version       v1
  info hash     ${HASH}
  size          850 B (850 bytes), 2 files
  pieces        1 of 16384 bytes
  files            425 B  a/b
                   425 B  c
`,
  );
});

test("torrentText() given all there is shows it, tier by tier", () => {
  const torrent = givenTorrent({
    ...{ infoHashV2: HASH_V2, version: "hybrid", private: true, source: "S", comment: "C" },
    ...{
      totalSize: 16_384,
      createdBy: "B",
      creationDate: 1_563_576_002,
      httpSeeds: ["http://h"],
      similar: [HASH],
    },
    ...{ trackers: [["udp://a", "udp://b"], ["udp://c"]], webSeeds: ["http://w"] },
    collections: ["K"],
    files: [
      givenFile("x", { executable: true, hidden: true }),
      givenFile(".pad/15959", { padding: true, size: 15_959 }),
      givenFile("l", { symlink: "a/b", size: 0 }),
    ],
  });
  equal(
    torrentText(torrent, { files: false }),
    `debian
  version       hybrid
  info hash     ${HASH}
  info hash v2  ${HASH_V2}
  size          425 B (425 bytes), 2 files
                with padding 16384 bytes
  pieces        1 of 16384 bytes
  private       yes: peers come from the trackers only
  source        S
  comment       C
  created by    B
  created       2019-07-19T22:40:02.000Z
  trackers      tier 1  udp://a
                tier 1  udp://b
                tier 2  udp://c
  web seeds     http://w
  http seeds    http://h
  similar       ${HASH}
  collections   K
  files            425 B  x  [executable, hidden]
                 16.0 kB  .pad/15959  [padding]
                     0 B  l  [link to a/b]
`,
  );
});

test("torrentText() given a date beyond the calendar shows its number", () => {
  const shown = torrentText(givenTorrent({ creationDate: 2 ** 53 - 1 }), { files: false });
  ok(shown.includes("  created       9007199254740991 s after 1970\n"));
});

test("torrentText() given many files shows fifty, or all when asked", () => {
  const files = Array.from({ length: 53 }, (_, index) => givenFile(`f-${index}`));
  const shown = torrentText(givenTorrent({ files }), { files: false }).split("\n");
  equal(shown.filter((line) => line.includes(" f-")).length, 50);
  equal(shown.at(-2)?.trim(), "… and 3 more files; --files shows all");
  const all = torrentText(givenTorrent({ files }), { files: true });
  ok(all.endsWith("f-52\n"));
  ok(!torrentText(givenTorrent({ files: files.slice(0, 50) }), { files: false }).includes("…"));
});

const EVIL = "\x1b]0;owned\x07\x9b2J\r\n\u202e";

test("torrentText() given escape sequences in every text shows none of them", () => {
  const torrent = givenTorrent({
    ...{ name: EVIL, source: EVIL, comment: EVIL, createdBy: EVIL, collections: [EVIL] },
    ...{ trackers: [[EVIL]], webSeeds: [EVIL], httpSeeds: [EVIL] },
    files: [givenFile(EVIL, { symlink: EVIL, size: 850 })],
  });
  const shown = torrentText(torrent, { files: false });
  deepEqual(
    shown.match(/[\p{Cc}\p{Bidi_Control}]/gu)?.filter((found) => found !== "\n"),
    [],
  );
  equal(shown.trimEnd().split("\n").length, 13);
});

const MAGNET: DescribedMagnet = {
  ...{ kind: "magnet", name: "debian", infoHash: HASH, infoHashV2: null, version: "v1" },
  ...{ trackers: [["udp://a"], ["udp://b"]], webSeeds: ["http://w"], selectOnly: "0-2" },
  peers: [{ host: "::1", port: 6881 }],
};

test("magnetText() given all there is shows it", () => {
  equal(
    magnetText(MAGNET),
    `debian
  version       v1
  info hash     ${HASH}
  trackers      udp://a
                udp://b
  web seeds     http://w
  peers         ::1 port 6881
  files wanted  0-2
`,
  );
});

test("magnetText() given a hash alone, or escape sequences, is as plain", () => {
  const bare = { ...MAGNET, trackers: [], webSeeds: [], peers: [], selectOnly: null };
  equal(
    magnetText({ ...bare, name: null }),
    `A magnet link without a name\n  version       v1\n  info hash     ${HASH}\n`,
  );
  const evil = { name: EVIL, trackers: [[EVIL]], webSeeds: [EVIL], selectOnly: EVIL };
  const shown = magnetText({ ...MAGNET, ...evil, peers: [{ host: EVIL, port: 1 }] });
  deepEqual(
    shown.match(/[\p{Cc}\p{Bidi_Control}]/gu)?.filter((found) => found !== "\n"),
    [],
  );
});
