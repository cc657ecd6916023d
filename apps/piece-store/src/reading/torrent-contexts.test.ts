import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import type { TorrentContext } from "./load-torrent.ts";
import { CONTEXT_FILES_MAX, CONTEXTS_MAX, TorrentContexts } from "./torrent-contexts.ts";

test("TorrentContexts loads a torrent once for all who ask", async () => {
  const { contexts, loads } = givenContexts();
  const found = await Promise.all([contexts.find(hashOf(1)), contexts.find(hashOf(1))]);
  deepEqual(loads, [hashOf(1)]);
  equal(found[0], found[1]);
  equal(await contexts.find(hashOf(1)), found[0]);
});

test("TorrentContexts forgets the least recently used", async () => {
  const { contexts, loads } = givenContexts();
  for (let torrent = 0; torrent < CONTEXTS_MAX; torrent += 1) await contexts.find(hashOf(torrent));
  await contexts.find(hashOf(0));
  await contexts.find(hashOf(CONTEXTS_MAX));
  loads.length = 0;
  await contexts.find(hashOf(0));
  await contexts.find(hashOf(1));
  deepEqual(loads, [hashOf(1)]);
});

test("TorrentContexts keeps no more files than it may, but always the last torrent", async () => {
  const third = Math.floor(CONTEXT_FILES_MAX / 3);
  const { contexts, loads } = givenContexts((torrent) => (torrent === 9 ? third * 4 : third));
  for (const torrent of [1, 2, 3, 1]) await contexts.find(hashOf(torrent));
  equal(loads.length, 3);
  await contexts.find(hashOf(9));
  await contexts.find(hashOf(9));
  equal(loads.length, 4);
  await contexts.find(hashOf(1));
  equal(loads.length, 5);
});

test("TorrentContexts tries again after a failure", async () => {
  let failures = 0;
  const contexts = new TorrentContexts(async (infoHash) => {
    failures += 1;
    if (failures === 1) throw new Error("no disk");
    return givenContext(infoHash);
  });
  await rejects(contexts.find(hashOf(1)), { message: "no disk" });
  equal((await contexts.find(hashOf(1))).infoHash, hashOf(1));
});

test("TorrentContexts takes a publish during a load for the newer truth", async () => {
  const { promise, resolve } = Promise.withResolvers<TorrentContext>();
  const contexts = new TorrentContexts(() => promise);
  const found = contexts.find(hashOf(1));
  const published = givenContext(hashOf(1));
  contexts.published(published);
  const loaded = givenContext(hashOf(1));
  resolve(loaded);
  equal(await found, published);
  deepEqual([contexts.isCurrent(published), contexts.isCurrent(loaded)], [true, false]);
});

test("TorrentContexts loads anew what was forgotten, even while it was loading", async () => {
  const { contexts, loads } = givenContexts();
  const finding = contexts.find(hashOf(1));
  contexts.forget(hashOf(1));
  const found = await finding;
  equal(loads.length, 2);
  equal(contexts.isCurrent(found), true);
});

function givenContexts(filesOf: (torrent: number) => number = () => 1): {
  contexts: TorrentContexts;
  loads: InfoHash[];
} {
  const loads: InfoHash[] = [];
  const contexts = new TorrentContexts(async (infoHash) => {
    loads.push(infoHash);
    return givenContext(infoHash, filesOf(Number.parseInt(infoHash.slice(-4), 16)));
  });
  return { contexts, loads };
}

function givenContext(infoHash: InfoHash, fileCount = 1): TorrentContext {
  return {
    ...{ infoHash, name: "name", sizeBytes: 1, pieceLengthBytes: 16_384, pieceCount: 1 },
    ...{ fileCount, sources: [], isElsewhere: false },
  };
}

function hashOf(torrent: number): InfoHash {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(torrent, 18);
  return infoHashFromBytes(bytes);
}
