import { deepEqual, equal, ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { aliasInfoHashes, infoBytesNamed } from "./alias-info-hashes.ts";
import { layoutTorrent } from "./layout-torrent.ts";
import { makeMetainfo } from "./make-metainfo.ts";
import type { TorrentVersion } from "./metainfo.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { v1Companion } from "./v1-companion.ts";

test("aliasInfoHashes() of a hybrid: its v2 hash, its companion's, and what aria2 1.36 has", () => {
  const companion = parseMetainfo(v1Companion(given("hybrid")) ?? Buffer.of());
  ok(companion.kind === "metainfo");
  const hybrid = parseMetainfo(given("hybrid"));
  ok(hybrid.kind === "metainfo" && hybrid.infoHash !== companion.infoHash);
  deepEqual([companion.version, companion.pieceHashes], ["v1", hybrid.pieceHashes]);
  deepEqual(
    companion.files.map(({ path, offsetBytes }) => [path, offsetBytes]),
    hybrid.files.map(({ path, offsetBytes }) => [path, offsetBytes]),
  );
  // The last is what `aria2c -S` of 1.36.0 prints for this torrent.
  deepEqual(aliasesOf("hybrid"), [
    "c86d066fcee9d516eb5709394f8cf21eeb573683",
    companion.infoHash,
    "5820739f2a67d007652dd58aa787b99ac691968d",
  ]);
});

test("infoBytesNamed() gives the bytes of which each name of a torrent is the hash", () => {
  for (const version of ["v1", "v2", "hybrid"] as const) {
    const metainfo = parseMetainfo(given(version));
    ok(metainfo.kind === "metainfo");
    const { infoHash, infoBytes } = metainfo;
    for (const name of [infoHash, ...aliasInfoHashes(metainfo)]) {
      const bytes = infoBytesNamed(metainfo, name);
      ok(bytes !== null);
      const hashes = [hash("sha1", bytes), hash("sha256", bytes).slice(0, 40)];
      ok(hashes.includes(name), `${version} ${name}`);
    }
    equal(infoBytesNamed(metainfo, infoHash), infoBytes);
    equal(infoBytesNamed(metainfo, infoHashFromBytes(new Uint8Array(20))), null);
  }
});

for (const version of ["v1", "v2"] as const) {
  test(`aliasInfoHashes() of a ${version} torrent are none`, () =>
    deepEqual(aliasesOf(version), []));
}

test("v1Companion() of bytes that are no hybrid's is null", () => {
  for (const bytes of [given("v1"), given("v2"), Buffer.from("de"), Buffer.from("nonsense")]) {
    equal(v1Companion(bytes), null);
  }
});

function aliasesOf(version: TorrentVersion): readonly string[] {
  const metainfo = parseMetainfo(given(version));
  return metainfo.kind === "metainfo" ? aliasInfoHashes(metainfo) : [metainfo.code];
}

function given(version: TorrentVersion): Uint8Array {
  const files = [
    { path: ["a", "x.txt"], lengthBytes: 3 },
    { path: ["b"], lengthBytes: 40_000 },
  ];
  const { files: placed, pieceCount } = layoutTorrent({ version, pieceLengthBytes: 16_384, files });
  return makeMetainfo({
    ...{ version, name: "n", single: false, files: placed, pieceLengthBytes: 16_384 },
    pieceHashes: version === "v2" ? null : new Uint8Array(pieceCount * 20).fill(1),
    pieceRoots: version === "v1" ? null : new Uint8Array(pieceCount * 32).fill(2),
  });
}
