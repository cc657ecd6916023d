import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { errorCode } from "@seedfleet/runtime";
import {
  CONTEXT_FILES_MAX,
  CONTEXTS_MAX,
  type Loaded,
  type StaleTorrent,
  type TorrentContext,
  TorrentContexts,
} from "./torrent-contexts.ts";

const CHANGED = { name: "SeedfleetError", message: /changed/ };

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
  const contexts = new TorrentContexts({
    load: async (infoHash) => {
      failures += 1;
      if (failures === 1) throw new Error("no disk");
      return { kind: "context", context: givenContext(infoHash) };
    },
    wentStale: () => {},
  });
  await rejects(contexts.find(hashOf(1)), { message: "no disk" });
  equal((await contexts.find(hashOf(1))).infoHash, hashOf(1));
});

test("TorrentContexts refuses a changed torrent until it is published again", async () => {
  const { contexts, loads, stale } = givenContexts();
  const context = await contexts.find(hashOf(1));
  equal(contexts.changed(context, "/a"), true);
  equal(contexts.changed(context, "/a"), false);
  await rejects(contexts.find(hashOf(1)), CHANGED);
  deepEqual([loads.length, contexts.staleCount], [1, 1]);
  deepEqual(stale, [{ infoHash: hashOf(1), name: "name", path: "/a" }]);

  const published = givenContext(hashOf(1));
  contexts.published(published);
  equal(await contexts.find(hashOf(1)), published);
  equal(contexts.staleCount, 0);
  // A read that began before the publish says nothing about what is there now.
  equal(contexts.changed(context, "/a"), false);
});

test("TorrentContexts takes a publish during a load for the newer truth", async () => {
  const { promise, resolve } = Promise.withResolvers<Loaded>();
  const stale: StaleTorrent[] = [];
  const contexts = new TorrentContexts({
    load: () => promise,
    wentStale: (torrent) => stale.push(torrent),
  });
  const found = contexts.find(hashOf(1));
  const published = givenContext(hashOf(1));
  contexts.published(published);
  resolve({ kind: "stale", infoHash: hashOf(1), name: "name", path: "/a" });
  equal(await found, published);
  deepEqual(stale, []);
});

test("TorrentContexts tells once of a torrent that several find stale", async () => {
  const stale: StaleTorrent[] = [];
  const torrent = { infoHash: hashOf(1), name: "name", path: "/a" };
  const contexts = new TorrentContexts({
    load: async () => ({ kind: "stale", ...torrent }),
    wentStale: (told) => stale.push(told),
  });
  const finds = [1, 2, 3].map(() => contexts.find(hashOf(1)).catch(errorCode));
  deepEqual(await Promise.all(finds), Array(3).fill("content-changed"));
  deepEqual(stale, [torrent]);
});

function givenContexts(filesOf: (torrent: number) => number = () => 1): {
  contexts: TorrentContexts;
  loads: InfoHash[];
  stale: StaleTorrent[];
} {
  const loads: InfoHash[] = [];
  const stale: StaleTorrent[] = [];
  const contexts = new TorrentContexts({
    load: async (infoHash) => {
      loads.push(infoHash);
      const files = filesOf(Number.parseInt(infoHash.slice(-4), 16));
      return { kind: "context", context: givenContext(infoHash, files) };
    },
    wentStale: (torrent) => stale.push(torrent),
  });
  return { contexts, loads, stale };
}

function givenContext(infoHash: InfoHash, fileCount = 1): TorrentContext {
  const file = { path: ["a"], lengthBytes: 1, offsetBytes: 0, padding: false };
  const listing = { path: "/a", name: "a", single: true, files: [], sizeBytes: 1, skipped: [] };
  return {
    infoHash,
    name: "name",
    content: { listing, read: () => Promise.resolve() },
    layout: { files: Array(fileCount).fill(file), sizeBytes: fileCount },
    pieceLengthBytes: 16_384,
    pieceCount: 1,
  };
}

function hashOf(torrent: number): InfoHash {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(torrent, 18);
  return infoHashFromBytes(bytes);
}
