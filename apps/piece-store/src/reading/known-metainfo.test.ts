import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog } from "@seedfleet/fleet";
import { errorCode } from "@seedfleet/runtime";
import { givenTorrent } from "../ingest/testing.ts";
import { GivenStore } from "../testing.ts";
import { KNOWN_METAINFO_MAX, KnownMetainfo } from "./known-metainfo.ts";

/** The catalog, and what was asked of it. */
function watched(catalog: Catalog): { readonly catalog: Catalog; readonly asked: InfoHash[] } {
  const asked: InfoHash[] = [];
  const metainfo: Catalog["metainfo"] = (infoHash) => {
    asked.push(infoHash);
    return catalog.metainfo(infoHash);
  };
  return { catalog: { ...catalog, metainfo }, asked };
}

test("KnownMetainfo reads a metainfo once, and keeps a few", async () => {
  await using given = await GivenStore.start();
  const { catalog, asked } = watched(given.catalog);
  const known = new KnownMetainfo(catalog);
  const torrents = Array.from({ length: KNOWN_METAINFO_MAX + 1 }, (_, at) =>
    givenTorrent({ a: Buffer.from(`${at}`) }),
  );
  for (const { metainfo, bytes } of torrents) await catalog.putMetainfo(metainfo.infoHash, bytes);
  const infoHashes = torrents.map(({ metainfo }) => metainfo.infoHash);
  const [first, second, ...others] = infoHashes;
  if (first === undefined || second === undefined) throw new Error("too few");
  await Promise.all([known.of(first), known.of(first)]);
  for (const infoHash of [second, ...others.slice(0, -1), first, ...others.slice(-1)]) {
    equal((await known.of(infoHash)).infoHash, infoHash);
  }
  equal(asked.length, infoHashes.length);
  // The least recently used made room.
  await known.of(first);
  equal(asked.length, infoHashes.length);
  await known.of(second);
  equal(asked.length, infoHashes.length + 1);
});

test("KnownMetainfo asks again for what was absent or no good", async () => {
  await using given = await GivenStore.start();
  const { catalog, asked } = watched(given.catalog);
  const known = new KnownMetainfo(catalog);
  const { metainfo, bytes } = givenTorrent({ a: Buffer.from("1") });
  const other = givenTorrent({ a: Buffer.from("2") });
  const { infoHash } = metainfo;
  const unusable = (error: unknown): boolean => errorCode(error) === "metainfo-unusable";
  await rejects(known.of(infoHash), unusable);
  for (const wrong of [Buffer.from("nothing"), other.bytes]) {
    await catalog.putMetainfo(infoHash, wrong);
    await Promise.all([1, 2].map(() => rejects(known.of(infoHash), unusable)));
  }
  await catalog.putMetainfo(infoHash, bytes);
  deepEqual((await known.of(infoHash)).infoHash, infoHash);
  equal(asked.length, 4);
});
