import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type InfoHash, infoHashBytes, infoHashFromBytes } from "@seedfleet/bytes";
import {
  CATALOG_BUCKET,
  type CatalogEntry,
  type CatalogSource,
  METAINFO_BUCKET,
} from "@seedfleet/contracts";
import { obfuscatedHash } from "@seedfleet/mse";
import { type Catalog, type CatalogChange, openCatalog } from "./catalog.ts";
import { GivenBus } from "./testing.ts";

const ONE = givenEntry(1);
const OTHER = givenEntry(2);
const METAINFO = Uint8Array.of(1, 2, 3);

test("a catalog gives back what was published", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  equal(await catalog.find(ONE.infoHash), null);
  equal(await catalog.metainfo(ONE.infoHash), null);
  await catalog.publish(OTHER, METAINFO);
  await catalog.publish(ONE, METAINFO);
  deepEqual(await catalog.find(ONE.infoHash), ONE);
  deepEqual(await catalog.metainfo(ONE.infoHash), METAINFO);
  // In the order of their hashes, whoever came first.
  deepEqual(await catalog.list(), [ONE, OTHER]);
});

test("a catalog keeps the metainfo of what it retires, and not of what it removes", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  for (const entry of [ONE, OTHER]) await catalog.publish(entry, METAINFO);
  await catalog.retire(ONE.infoHash);
  await catalog.remove(OTHER.infoHash);
  deepEqual(await catalog.list(), []);
  deepEqual(await catalog.metainfo(ONE.infoHash), METAINFO);
  equal(await catalog.metainfo(OTHER.infoHash), null);
});

test("a catalog's watch tells what is there, then that it did, then every change", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  await catalog.publish(ONE, METAINFO);
  const changes: CatalogChange[] = [];
  const watch = await catalog.watch((change) => void changes.push(change));
  await given.bus.flush();
  deepEqual(changes, [{ kind: "published", entry: ONE }, { kind: "initialised" }]);
  await catalog.publish(OTHER, METAINFO);
  await catalog.retire(ONE.infoHash);
  await given.bus.flush();
  deepEqual(changes.slice(2), [
    { kind: "published", entry: OTHER },
    { kind: "removed", infoHash: ONE.infoHash },
  ]);
  watch.stop();
  await catalog.remove(OTHER.infoHash);
  await given.bus.flush();
  equal(changes.length, 4);
});

const unreadable = [
  { given: "no JSON", value: "{" },
  { given: "nothing", value: "" },
  { given: "a field missing", value: JSON.stringify({ ...ONE, sources: undefined }) },
  { given: "a field of a later version", value: JSON.stringify({ ...ONE, pieces: 1 }) },
] as const;

for (const { given: situation, value } of unreadable) {
  test(`a catalog with an entry that is ${situation} logs it and skips it`, async () => {
    await using given = new GivenBus();
    const catalog = await opened(given);
    await catalog.publish(OTHER, METAINFO);
    await put(given, ONE.infoHash, value);
    deepEqual(await catalog.list(), [OTHER]);
    equal(await catalog.find(ONE.infoHash), null);
    const changes: CatalogChange[] = [];
    await catalog.watch((change) => void changes.push(change));
    await given.bus.flush();
    deepEqual(changes, [{ kind: "published", entry: OTHER }, { kind: "initialised" }]);
    const lines = given.telemetry.recorded.logs;
    equal(lines.length, 3);
    ok(lines.every(({ message }) => message === "catalog entry unreadable"));
    ok(lines.every(({ fields }) => fields["key"] === ONE.infoHash));
  });
}

test("a catalog's watch passes over the removal of what is no info hash", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  const changes: CatalogChange[] = [];
  await catalog.watch((change) => void changes.push(change));
  await put(given, "not-a-hash", "{}");
  await (await given.bus.keyValue(CATALOG_BUCKET)).delete("not-a-hash");
  await given.bus.flush();
  deepEqual(changes, [{ kind: "initialised" }]);
});

test("a catalog writes the metainfo first: whoever hears of an entry can read it", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  const objects = await given.bus.objectStore(METAINFO_BUCKET);
  const found = Promise.withResolvers<Uint8Array | null>();
  await catalog.watch((change) => {
    if (change.kind !== "published") return;
    void objects.get(change.entry.infoHash).then(found.resolve);
  });
  await catalog.publish(ONE, METAINFO);
  deepEqual(await found.promise, METAINFO);
});

test("a catalog's findWhole() gives entry and metainfo by every name", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  const alias = infoHashFromBytes(new Uint8Array(20).fill(9));
  await catalog.publish({ ...ONE, aliases: [alias] }, METAINFO);
  for (const name of [ONE.infoHash, alias]) {
    const found = await catalog.findWhole(name);
    equal(found?.entry.infoHash, ONE.infoHash);
    deepEqual(await found?.metainfo(), METAINFO);
  }
  await catalog.retire(ONE.infoHash);
  equal(await catalog.findWhole(ONE.infoHash), null);
});

test("a catalog's findWhole() reads metainfo that was written behind its look for it", async () => {
  await using given = new GivenBus();
  const { bus } = given;
  const objects = await bus.objectStore(METAINFO_BUCKET);
  objects.find = async () => {
    await objects.put(ONE.infoHash, METAINFO);
    return null;
  };
  const stores = { keyValue: bus.keyValue.bind(bus), objectStore: async () => objects };
  const catalog = await openCatalog(stores, given.telemetry.log);
  await put(given, ONE.infoHash, JSON.stringify(ONE));
  const found = await catalog.findWhole(ONE.infoHash);
  deepEqual(await found?.metainfo(), METAINFO);
});

test("a catalog's change() decides anew when somebody else wrote meanwhile", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  const store = await given.bus.keyValue(CATALOG_BUCKET);
  await catalog.publish(ONE, METAINFO);
  const seen: (number | undefined)[] = [];
  const racing = { ...ONE, sources: [...ONE.sources, givenSource("/b")] };
  let raced = Promise.resolve(0);
  const written = await catalog.change(ONE.infoHash, (before) => {
    seen.push(before?.sources.length);
    if (seen.length === 1) raced = store.put(ONE.infoHash, Buffer.from(JSON.stringify(racing)));
    return before && { ...before, sources: [...before.sources, givenSource("/c")] };
  });
  await raced;
  deepEqual(seen, [1, 2]);
  deepEqual(
    written?.sources.map(({ location }) => location),
    ["/content", "/b", "/c"],
  );
  deepEqual(await catalog.find(ONE.infoHash), written);
});

test("a catalog's change() takes out and leaves what it is told to", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  await catalog.publish(ONE, METAINFO);
  deepEqual(await catalog.change(ONE.infoHash, (before) => before), ONE);
  equal(await catalog.change(ONE.infoHash, () => null), null);
  equal(await catalog.find(ONE.infoHash), null);
  deepEqual(await catalog.metainfo(ONE.infoHash), METAINFO);
});

test("a catalog finds a torrent by its aliases for as long as it is published", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  const alias = infoHashFromBytes(new Uint8Array(20).fill(9));
  equal(await catalog.findByAny(alias), null);
  await catalog.publish({ ...ONE, aliases: [alias] }, METAINFO);
  equal((await catalog.findByAny(alias))?.infoHash, ONE.infoHash);
  equal((await catalog.findByAny(ONE.infoHash))?.infoHash, ONE.infoHash);
  equal(await catalog.find(alias), null);
  await catalog.retire(ONE.infoHash);
  equal(await catalog.findByAny(alias), null);
});

test("a catalog finds by an obfuscated hash whatever peers may ask by", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  const alias = infoHashFromBytes(new Uint8Array(20).fill(9));
  equal(await catalog.findObfuscated(obfuscated(ONE.infoHash)), null);
  await catalog.publish(OTHER, METAINFO);
  await catalog.publish({ ...ONE, aliases: [alias] }, METAINFO);
  equal(await catalog.findObfuscated(obfuscated(ONE.infoHash)), ONE.infoHash);
  equal(await catalog.findObfuscated(obfuscated(alias)), alias);
  equal(await catalog.findObfuscated(infoHashBytes(ONE.infoHash)), null);
});

for (const how of ["retire", "remove"] as const) {
  test(`a catalog's ${how}() takes out the obfuscated hashes of its own alone`, async () => {
    await using given = new GivenBus();
    const catalog = await opened(given);
    const alias = infoHashFromBytes(new Uint8Array(20).fill(9));
    await catalog.publish({ ...ONE, aliases: [alias] }, METAINFO);
    await catalog.publish(OTHER, METAINFO);
    await catalog[how](ONE.infoHash);
    for (const name of [ONE.infoHash, alias]) {
      equal(await catalog.findObfuscated(obfuscated(name)), null);
    }
    equal(await catalog.findObfuscated(obfuscated(OTHER.infoHash)), OTHER.infoHash);
    // Published again, it is found again.
    await catalog.publish(ONE, METAINFO);
    equal(await catalog.findObfuscated(obfuscated(ONE.infoHash)), ONE.infoHash);
  });
}

test("a catalog's change() writes the obfuscated hashes of an entry that it makes", async () => {
  await using given = new GivenBus();
  const catalog = await opened(given);
  await catalog.change(ONE.infoHash, () => ONE);
  equal(await catalog.findObfuscated(obfuscated(ONE.infoHash)), ONE.infoHash);
});

function obfuscated(infoHash: InfoHash): Uint8Array {
  return obfuscatedHash(infoHashBytes(infoHash));
}

function opened({ bus, telemetry }: GivenBus): Promise<Catalog> {
  return openCatalog(bus, telemetry.log);
}

async function put({ bus }: GivenBus, key: string, value: string): Promise<void> {
  await (await bus.keyValue(CATALOG_BUCKET)).put(key, Buffer.from(value));
}

function givenSource(location: string): CatalogSource {
  return { holder: "store-1", shared: false, location, fingerprint: "0".repeat(64) };
}

function givenEntry(byte: number): CatalogEntry {
  return {
    ...{ infoHash: infoHashFromBytes(new Uint8Array(20).fill(byte)), name: `content ${byte}` },
    ...{
      sizeBytes: 1,
      contentBytes: 1,
      pieceLengthBytes: 16_384,
      pieceCount: 1,
      fileCount: 1,
      private: false,
    },
    ...{
      infoHashV2: null,
      version: "v1",
      aliases: [],
      sources: [givenSource("/content")],
      addedAtMs: 0,
    },
  };
}
