import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { CATALOG_BUCKET, type CatalogEntry, type CatalogSource } from "@seedfleet/contracts";
import { openCatalog } from "@seedfleet/fleet";
import { silentTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { HeldTorrents } from "./held-torrents.ts";
import { away, givenBus } from "./ingest/testing.ts";
import { HOLDER } from "./testing.ts";

const METAINFO = Uint8Array.of(1, 2, 3);

test("the first publishing of a torrent puts its entry into the catalog", async () => {
  await using given = await givenHeld();
  const entry = givenEntry(1, [givenSource("/a")]);
  deepEqual(await given.held.publish(entry), entry);
  deepEqual(await given.catalog.find(entry.infoHash), entry);
  deepEqual([given.held.locations, given.held.infoHashes], [["/a"], [entry.infoHash]]);
});

test("publishing from another place adds a source, which is tried first", async () => {
  await using given = await givenHeld();
  const { held } = given;
  await held.publish(givenEntry(1, [givenSource("/a"), givenSource("/b")]));
  const second = { ...givenEntry(1, [givenSource("/c")]), addedAtMs: 9 };
  const entry = await held.publish(second);
  deepEqual(locationsOf(entry), ["/c", "/a", "/b"]);
  equal(entry.addedAtMs, 0);
  deepEqual(held.locations.toSorted(), ["/a", "/b", "/c"]);
});

test("publishing from a place that is a source already leaves it where it was", async () => {
  await using given = await givenHeld();
  const { held } = given;
  await held.publish(givenEntry(1, [givenSource("/a"), givenSource("/b")]));
  const entry = await held.publish(givenEntry(1, [givenSource("/b", { fingerprint: "1" })]));
  deepEqual(
    entry.sources.map(({ location, fingerprint }) => [location, fingerprint[0]]),
    [
      ["/a", "0"],
      ["/b", "1"],
    ],
  );
});

test("what has not changed is not written again", async () => {
  await using given = await givenHeld();
  const entry = givenEntry(1, [givenSource("/a")]);
  await given.held.publish(entry);
  const entries = await given.bus.keyValue(CATALOG_BUCKET);
  const before = await entries.get(entry.infoHash);
  await given.held.publish({ ...entry, addedAtMs: 7 });
  deepEqual(await entries.get(entry.infoHash), before);
  deepEqual(given.changed, []);
});

test("the sources of others stay, wherever they lie", async () => {
  await using given = await givenHeld();
  const { held } = given;
  const other = givenSource("/a", { holder: "another" });
  await given.catalog.publish(givenEntry(1, [other]), METAINFO);
  const { infoHash, sources } = await held.publish(givenEntry(1, [givenSource("/a")]));
  deepEqual(
    sources.map(({ holder }) => holder),
    [HOLDER, "another"],
  );
  equal(await held.retire("/a"), 1);
  deepEqual((await given.catalog.find(infoHash))?.sources, [other]);
  deepEqual(held.locations, []);
});

test("a location holds the torrent that was last published from it, and no other", async () => {
  await using given = await givenHeld();
  const { catalog, held } = given;
  const [one, other, kept] = [1, 2, 3].map((byte) => givenEntry(byte, [givenSource("/a")]));
  for (const entry of [one, other, kept]) {
    if (entry === undefined) continue;
    await catalog.putMetainfo(entry.infoHash, METAINFO);
    await held.publish(entry);
  }
  deepEqual(await catalog.list(), [kept]);
  // Its metainfo goes too: what it was of is not there any more.
  equal(await catalog.metainfo(one?.infoHash ?? infoHashOf(0)), null);
  deepEqual(await catalog.metainfo(kept?.infoHash ?? infoHashOf(0)), METAINFO);
});

test("a torrent of several sources loses the one that is another's now, and stays", async () => {
  await using given = await givenHeld();
  const { catalog, held } = given;
  const entry = givenEntry(1, [givenSource("/a"), givenSource("/b")]);
  await catalog.putMetainfo(entry.infoHash, METAINFO);
  await held.publish(entry);
  await held.publish(givenEntry(2, [givenSource("/a")]));
  const left = await catalog.find(entry.infoHash);
  deepEqual(left && locationsOf(left), ["/b"]);
  deepEqual(await catalog.metainfo(entry.infoHash), METAINFO);
  deepEqual(new Set(given.changed), new Set([entry.infoHash]));
});

test("of two that publish from one location at once the last stays", async () => {
  await using given = await givenHeld();
  const entries = [1, 2, 3].map((byte) => givenEntry(byte, [givenSource("/a")]));
  await Promise.all(entries.map((entry) => given.held.publish(entry)));
  deepEqual(
    (await given.catalog.list()).map(({ infoHash }) => infoHash),
    [infoHashOf(3)],
  );
});

test("retiring a location keeps the metainfo, and the entry where a source is left", async () => {
  await using given = await givenHeld();
  const { catalog, held } = given;
  const [alone, both] = [
    givenEntry(1, [givenSource("/a")]),
    givenEntry(2, [givenSource("/a"), givenSource("/b")]),
  ];
  // As two holders of one name would have left it.
  for (const entry of [alone, both]) await catalog.publish(entry, METAINFO);
  await given.bus.flush();
  equal(await held.retire("/a"), 2);
  equal(await catalog.find(alone.infoHash), null);
  deepEqual(await catalog.metainfo(alone.infoHash), METAINFO);
  const left = await catalog.find(both.infoHash);
  deepEqual(left && locationsOf(left), ["/b"]);
  equal(await held.retire("/a"), 0);
});

test("what somebody else changes is followed, and told", async () => {
  await using given = await givenHeld();
  const { bus, catalog, held } = given;
  const entry = givenEntry(1, [givenSource("/a")]);
  await catalog.publish(entry, METAINFO);
  await bus.flush();
  deepEqual([held.locations, given.changed], [["/a"], [entry.infoHash]]);
  await catalog.publish(givenEntry(1, [givenSource("/b")]), METAINFO);
  await bus.flush();
  deepEqual(held.locations, ["/b"]);
  await catalog.remove(entry.infoHash);
  await bus.flush();
  deepEqual([held.locations, given.changed.length], [[], 3]);
});

test("what was published before the start is known", async () => {
  await using given = await givenHeld();
  await given.held.publish(givenEntry(1, [givenSource("/a")]));
  const next = new HeldTorrents(
    { catalog: given.catalog, changed: () => {}, incomplete: () => {} },
    HOLDER,
  );
  await next.start();
  deepEqual(next.locations, ["/a"]);
  next.stop();
});

test("what could not be written is not held", async () => {
  await using given = await givenHeld(1);
  const entry = givenEntry(1, [givenSource("/a")]);
  await rejects(given.held.publish(entry));
  deepEqual([given.held.locations, given.held.infoHashes], [[], []]);
  await given.held.publish(entry);
  deepEqual(given.held.locations, ["/a"]);
});

async function givenHeld(writesAway = 0) {
  const { bus, ...opened } = givenBus(new VirtualClock());
  const catalog = await openCatalog(bus, silentTelemetry.log);
  const failing = await openCatalog(away(bus, CATALOG_BUCKET, writesAway), silentTelemetry.log);
  const changed: InfoHash[] = [];
  const held = new HeldTorrents(
    {
      catalog: failing,
      changed: (infoHash) => void changed.push(infoHash),
      incomplete: () => {},
    },
    HOLDER,
  );
  await held.start();
  return { ...opened, bus, catalog, changed, held };
}

function locationsOf({ sources }: CatalogEntry): string[] {
  return sources.map(({ location }) => location);
}

function infoHashOf(byte: number): InfoHash {
  return infoHashFromBytes(new Uint8Array(20).fill(byte));
}

function givenSource(
  location: string,
  { fingerprint = "0", holder = HOLDER }: Partial<CatalogSource> = {},
): CatalogSource {
  return { holder, shared: false, location, fingerprint: fingerprint.repeat(64) };
}

function givenEntry(byte: number, sources: readonly CatalogSource[]): CatalogEntry {
  return {
    ...{ infoHash: infoHashOf(byte), infoHashV2: null, version: "v1", aliases: [] },
    ...{ name: "content", sizeBytes: 1, contentBytes: 1, pieceLengthBytes: 16_384 },
    ...{ pieceCount: 1, fileCount: 1, private: false, sources, addedAtMs: 0 },
  };
}
