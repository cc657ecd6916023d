import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import { infoHashFromBytes } from "@seedfleet/bytes";
import { contentChanged, contentUnreadable } from "@seedfleet/content";
import { errorCode, SeedfleetError } from "@seedfleet/runtime";
import { pieceAbsent, pieceCorrupt, storeBusy } from "../errors.ts";
import type { TorrentContext } from "./load-torrent.ts";
import { inTurn, mostHopeful } from "./source-failures.ts";
import { SOURCE_REST_MS, type SourceBytes, TorrentSource } from "./torrent-source.ts";

const INFO_HASH = infoHashFromBytes(Buffer.alloc(20, 1));

function givenContext(isElsewhere = false): TorrentContext {
  const load = (): Promise<SourceBytes> => Promise.reject(contentUnreadable("/", "not here"));
  return {
    ...{ infoHash: INFO_HASH, name: "one", sizeBytes: 1, pieceLengthBytes: 16_384 },
    ...{ pieceCount: 1, fileCount: 1, isElsewhere },
    sources: ["/a", "/b", "/c"].map((location) => new TorrentSource(location, load)),
  };
}

function order(context: TorrentContext, nowMs: number): string {
  return inTurn(context, nowMs)
    .map(({ location }) => location)
    .join("");
}

test("inTurn() puts what failed last, until one asker has seen it well", () => {
  const context = givenContext();
  const [first] = context.sources;
  equal(order(context, 0), "/a/b/c");
  first?.rest(0);
  equal(order(context, SOURCE_REST_MS - 1), "/b/c/a");
  // One goes to see, the others do not.
  equal(order(context, SOURCE_REST_MS), "/a/b/c");
  equal(order(context, SOURCE_REST_MS), "/b/c/a");
  equal(order(context, 2 * SOURCE_REST_MS), "/a/b/c");
  first?.wake();
  for (const nowMs of [0, 1, 2]) equal(order(context, 2 * SOURCE_REST_MS + nowMs), "/a/b/c");
});

test("inTurn() does not count as seen what comes after a source that is well", () => {
  const context = givenContext();
  context.sources[1]?.rest(0);
  for (const nowMs of [0, 1]) equal(order(context, SOURCE_REST_MS + nowMs), "/a/b/c");
  context.sources[0]?.rest(SOURCE_REST_MS);
  equal(order(context, SOURCE_REST_MS + 1), "/b/c/a");
});

test("inTurn() tries what failed where there is nothing else, unless another store has it", () => {
  const alone = givenContext();
  const shared = givenContext(true);
  for (const { sources } of [alone, shared]) {
    sources[0]?.refuseIfChanged(contentChanged("/a"));
    for (const source of sources.slice(1)) source.rest(0);
  }
  equal(order(alone, 1), "/a/b/c");
  throws(
    () => order(shared, 1),
    (error) => errorCode(error) === "content-unreadable",
  );
  equal(order(shared, SOURCE_REST_MS), "/a/b/c");
});

test("inTurn() gives all where all have changed, so that this is what is told", () => {
  const context = givenContext(true);
  for (const source of context.sources) source.refuseIfChanged(contentChanged("/"));
  equal(order(context, 0), "/a/b/c");
});

const changed = contentChanged("/a");
const unreadable = contentUnreadable("/a", "no");
const corrupt = pieceCorrupt(INFO_HASH, 1);
const absent = pieceAbsent(INFO_HASH, 1);
const busy = storeBusy(1);
const unknown = new SeedfleetError("no ranges", { code: "content-no-ranges" });

for (const { given: situation, failures, then } of [
  { given: "what is final and what may pass", failures: [changed, unreadable], then: unreadable },
  { given: "bad bytes and what may pass", failures: [corrupt, busy], then: busy },
  { given: "what nobody knows", failures: [changed, unknown], then: unknown },
  { given: "changed files and bad bytes", failures: [changed, absent, corrupt], then: corrupt },
  { given: "only what is final", failures: [changed, absent], then: changed },
]) {
  test(`mostHopeful() given ${situation}`, () => {
    equal(mostHopeful(new AggregateError(failures)), then);
  });
}

test("TorrentSource refuses what has changed once and for all, and tells so once", async () => {
  let loads = 0;
  const source = new TorrentSource("/a", () => {
    loads += 1;
    return Promise.reject(contentChanged("/a/x"));
  });
  await rejects(source.bytes());
  equal(source.refuseIfChanged(unreadable), false);
  equal(source.refuseIfChanged(contentChanged("/a/x")), true);
  equal(source.refuseIfChanged(contentChanged("/a/y")), false);
  await rejects(source.bytes(), (error) => errorCode(error) === "content-changed");
  deepEqual([loads, source.stalePath], [1, "/a/x"]);
});

test("TorrentSource that is read by no longer says nothing of the torrent", () => {
  const source = new TorrentSource("/a", () => Promise.reject(changed));
  source.retire();
  deepEqual([source.refuseIfChanged(changed), source.isStale], [false, false]);
});
