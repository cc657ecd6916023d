import { deepEqual, equal, notDeepEqual, ok, rejects } from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  CATALOG_BUCKET,
  HASH_MEMO_BUCKET,
  type IngestProgress,
  SKIPPED_NAMED_MAX,
} from "@seedfleet/contracts";
import { parseMetainfo } from "@seedfleet/metainfo";
import { GivenStore, HOLDER, refusing, remote } from "../testing.ts";

const HASHED = "seedfleet_piece_store_hashed_bytes";

/** Long enough to hash that something can happen meanwhile; takes no space on disk. */
const LONG_BYTES: number = 96 * 1024 * 1024;

test("publishing a file puts its torrent into the catalog", async () => {
  await using given = await GivenStore.start({ "disk image.iso": "x".repeat(40_000) });
  const { entry, hashed, skipped } = await given.publish("disk image.iso");
  deepEqual([hashed, skipped], [true, []]);
  const location = given.directory.at("disk image.iso");
  const [{ fingerprint } = { fingerprint: "" }] = entry.sources;
  deepEqual(
    { ...entry, infoHash: "", addedAtMs: 0 },
    {
      ...{ infoHash: "", infoHashV2: null, version: "v1", aliases: [] },
      ...{ name: "disk image.iso" },
      ...{
        sizeBytes: 40_000,
        contentBytes: 40_000,
        pieceLengthBytes: 16_384,
        pieceCount: 3,
        fileCount: 1,
      },
      ...{ private: false, addedAtMs: 0 },
      sources: [{ holder: HOLDER, shared: false, location, fingerprint }],
    },
  );
  deepEqual(await given.catalog.find(entry.infoHash), entry);
  const metainfo = parseMetainfo((await given.catalog.metainfo(entry.infoHash)) ?? Buffer.of());
  ok(metainfo.kind === "metainfo");
  deepEqual([metainfo.infoHash, metainfo.single], [entry.infoHash, true]);
});

test("publishing a directory names what is left out", async () => {
  await using given = await GivenStore.start({ "a/b c/d é.txt": "1", "a/empty": "" });
  for (let link = 0; link <= SKIPPED_NAMED_MAX; link += 1) {
    symlinkSync("b c", given.directory.at(`a/link-${link}`));
  }
  const { entry, skipped } = await given.publish("a");
  deepEqual([entry.fileCount, entry.name], [2, "a"]);
  deepEqual([skipped.length, skipped.at(-1)], [SKIPPED_NAMED_MAX + 1, "… and 1 more"]);
});

test("what has not changed is not hashed again, by this store or the next", async () => {
  await using given = await GivenStore.start({ "a/b": "12345" });
  const { entry } = await given.publish("a");
  deepEqual(await given.publish("a"), { entry, hashed: false, skipped: [] });
  await given.restart();
  deepEqual(await given.publish("a"), { entry, hashed: false, skipped: [] });
  equal(given.telemetry.recorded.total(HASHED), 0);
});

test("a touched file is hashed again and stays the torrent it was", async () => {
  await using given = await GivenStore.start({ "a/b": "12345" });
  const before = await given.publish("a");
  utimesSync(given.directory.at("a/b"), 1, 1);
  const after = await given.publish("a");
  equal(after.hashed, true);
  const { sources } = after.entry;
  notDeepEqual(sources, before.entry.sources);
  deepEqual(after.entry, { ...before.entry, sources });
  deepEqual(await given.catalogued(), [before.entry.infoHash]);
  equal((await given.readAll(after.entry)).toString(), "12345");
});

test("changed content is a new torrent, and the old one goes", async () => {
  await using given = await GivenStore.start({ "a/b": "12345", c: "12345" });
  const kept = await given.publish("c");
  const before = await given.publish("a");
  given.directory.write("a/b", "67890");
  const after = await given.publish("a");
  ok(after.hashed && after.entry.infoHash !== before.entry.infoHash);
  deepEqual(await given.catalogued(), [after.entry.infoHash, kept.entry.infoHash].toSorted());
  equal(await given.catalog.metainfo(before.entry.infoHash), null);
  await rejects(given.readAll(before.entry), remote("torrent-unknown"));
  equal((await given.readAll(after.entry)).toString(), "67890");
});

test("whoever asks for one path at the same time shares one hashing", async () => {
  await using given = await GivenStore.start({ "a/b": "x".repeat(100_000) });
  const published = await Promise.all([given.publish("a"), given.publish("a"), given.publish("a")]);
  deepEqual(new Set(published.map(({ entry }) => entry.infoHash)).size, 1);
  equal(given.telemetry.recorded.total(HASHED), 100_000);
});

test("progress begins with the whole size and never goes back", async () => {
  await using given = await GivenStore.start();
  sparse(given, "long");
  const told: IngestProgress[] = [];
  const job = await given.submit("long");
  await given.resultOf(job, (progress) => told.push(progress));
  const hashing = told.filter(({ phase }) => phase === "hashing");
  ok(hashing.length > 0 && hashing.every(({ totalBytes }) => totalBytes === LONG_BYTES));
  const doneBytes = hashing.map((progress) => progress.doneBytes);
  deepEqual(
    doneBytes,
    doneBytes.toSorted((a, b) => a - b),
  );
});

test("a file that changes while it is hashed ends the job; nothing is written", async () => {
  await using given = await GivenStore.start();
  sparse(given, "long");
  const job = await given.submit("long");
  const result = given.resultOf(job, ({ phase }) => {
    if (phase === "hashing") truncateSync(given.directory.at("long"), LONG_BYTES + 1);
  });
  await rejects(result, remote("content-changed"));
  deepEqual(await given.catalogued(), []);
  deepEqual(await keysIn(given, HASH_MEMO_BUCKET), []);
});

test("a file that comes to lie beside those being hashed ends the job too", async () => {
  await using given = await GivenStore.start({ "d/a": "1" });
  sparse(given, "d/long");
  const job = await given.submit("d");
  const result = given.resultOf(job, ({ phase }) => {
    if (phase === "hashing") given.directory.write("d/b", "2");
  });
  await rejects(result, remote("content-changed"));
  deepEqual(await given.catalogued(), []);
});

test("a cancelled job ends, and nothing is written", async () => {
  await using given = await GivenStore.start();
  sparse(given, "long");
  const job = await given.submit("long");
  const result = given.resultOf(job, ({ phase }) => {
    if (phase === "hashing") void given.jobs.cancel(job.id);
  });
  await rejects(result, remote("cancelled"));
  await given.store.drain();
  ok((given.telemetry.recorded.total(HASHED) ?? 0) < LONG_BYTES);
  deepEqual(await given.catalogued(), []);
});

test("a job goes on under the next store where the last one stopped it", async () => {
  await using given = await GivenStore.start();
  sparse(given, "long");
  const job = await given.submit("long");
  const begun = Promise.withResolvers<void>();
  const result = given.resultOf(job, ({ phase }) => {
    if (phase === "hashing") begun.resolve();
  });
  await begun.promise;
  await given.restart();
  const { entry } = await result;
  equal(entry.sizeBytes, LONG_BYTES);
  equal((await given.jobs.find(job.id))?.attempts, 2);
});

const refused = [
  { given: "an absent path", path: "absent", code: "content-missing" },
  { given: "an empty directory", path: "empty", code: "content-empty" },
  { given: "a path outside the roots", path: "/etc", code: "path-outside-roots" },
  { given: "the parent of a root", path: "..", code: "path-outside-roots" },
  { given: "a way out of the roots", path: "a/../../..", code: "path-outside-roots" },
  { given: "a link out of the roots", path: "escape", code: "path-outside-roots" },
  { given: "a path behind such a link", path: "escape/passwd", code: "path-outside-roots" },
] as const;

for (const { given: situation, path, code } of refused) {
  test(`publishing ${situation} is refused with ${code}`, async () => {
    await using given = await GivenStore.start({ "a/b": "1" });
    mkdirSync(given.directory.at("empty"));
    symlinkSync("/etc", given.directory.at("escape"));
    await rejects(given.publish(path), remote(code));
    deepEqual(await given.catalogued(), []);
  });
}

test("a path that only begins like a root is outside it", async () => {
  await using given = await GivenStore.start();
  const sibling = `${given.directory.path}-sibling`;
  writeFileSync(sibling, "x");
  using _removed = { [Symbol.dispose]: () => rmSync(sibling) };
  await rejects(given.publish(sibling), remote("path-outside-roots"));
});

const killed = [
  { given: "between metainfo and entry", bucket: CATALOG_BUCKET, catalogued: 0 },
  { given: "between entry and memo", bucket: HASH_MEMO_BUCKET, catalogued: 1 },
] as const;

for (const { given: situation, bucket, catalogued } of killed) {
  test(`a kill ${situation} leaves nothing that the next publish does not put right`, async () => {
    await using given = await GivenStore.start({ "a/b": "12345" });
    await given.restart(refusing(given.bus, bucket, ["put", "update"]));
    await rejects(given.publish("a"));
    equal((await given.catalogued()).length, catalogued);
    await given.restart();
    const { entry, hashed } = await given.publish("a");
    equal(hashed, true);
    deepEqual(await given.catalogued(), [entry.infoHash]);
    equal((await given.readAll(entry)).toString(), "12345");
  });
}

test("an old torrent that a kill left behind goes with the next publish", async () => {
  await using given = await GivenStore.start({ "a/b": "12345" });
  await given.publish("a");
  given.directory.write("a/b", "67890");
  await given.restart(refusing(given.bus, CATALOG_BUCKET, ["delete"]));
  await rejects(given.publish("a"));
  equal((await given.catalogued()).length, 2);
  await given.restart();
  const { entry } = await given.publish("a");
  deepEqual(await given.catalogued(), [entry.infoHash]);
});

function sparse(given: GivenStore, name: string): void {
  given.directory.write(name, "");
  truncateSync(join(given.directory.path, name), LONG_BYTES);
}

async function keysIn(given: GivenStore, bucket: string): Promise<string[]> {
  const store = await given.bus.keyValue(bucket);
  return await Array.fromAsync(store.keys());
}
