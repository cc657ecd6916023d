import { deepEqual, equal } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { catalogEntry } from "@seedfleet/contracts";
import { makeMetainfo, parseMetainfo, verifyPiece } from "@seedfleet/metainfo";
import { BulkTorrents, type Published } from "./bulk-torrents.ts";

const ANNOUNCE = "http://127.0.0.1:1/announce";

function givenPublished(content: string): Published {
  const metainfo = parseMetainfo(
    makeMetainfo({
      ...{ version: "v1", name: content, single: true, pieceLengthBytes: 16_384 },
      files: [{ path: [content], lengthBytes: content.length }],
      pieceHashes: hash("sha1", content, "buffer"),
    }),
  );
  if (metainfo.kind !== "metainfo") throw new Error(metainfo.code);
  const { infoHash, name, sizeBytes } = metainfo;
  const source = { holder: "h", shared: false, location: `/${content}` };
  const entry = {
    ...{ infoHash, name, sizeBytes, contentBytes: sizeBytes, pieceLengthBytes: 16_384 },
    ...{ infoHashV2: null, version: "v1" as const, aliases: [], private: false },
    ...{ pieceCount: 1, fileCount: 1, addedAtMs: 0 },
    sources: [{ ...source, fingerprint: "0".repeat(64) }],
  };
  return { entry, metainfo };
}

const torrents = new BulkTorrents([givenPublished("one"), givenPublished("other")], ANNOUNCE);

test("BulkTorrents are torrents of their own, and the same ones each time", () => {
  const hashes = [0, 1, 2, 3].map((index) => torrents.torrent(index).metainfo.infoHash);
  equal(new Set(hashes).size, 4);
  equal(torrents.torrent(2).metainfo.infoHash, hashes[2]);
});

test("BulkTorrents have the content of the published ones in turn, and lie where those do", () => {
  const { entry, metainfo } = torrents.torrent(3);
  equal(verifyPiece(metainfo, 0, Buffer.from("other")), true);
  deepEqual(entry.sources[0]?.location, "/other");
  deepEqual(metainfo.trackers, [[ANNOUNCE]]);
});

test("BulkTorrents have entries that the catalog takes", () => {
  const { entry, metainfo } = torrents.torrent(7);
  deepEqual(catalogEntry.parse(entry), entry);
  equal(entry.infoHash, metainfo.infoHash);
  equal(entry.name, "torrent-7");
});
