import { deepEqual, equal, rejects } from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { test } from "node:test";
import { retainCall } from "@seedfleet/contracts";
import { GivenStore, HOLDER, type Published, remote } from "./testing.ts";

const FILES = { "a/x": "12345", "b/x": "67890", "c/x": "abcde" };

async function retain(given: GivenStore, locations: readonly string[]): Promise<number> {
  return (await given.bus.call(retainCall, { holder: HOLDER }, { locations })).removed;
}

test("retaining takes out what is published from other paths", async () => {
  await using given = await GivenStore.start(FILES);
  const [a, b, c] = [await given.publish("a"), await given.publish("b"), await given.publish("c")];
  equal(await retain(given, [pathOf(a), pathOf(c)]), 1);
  deepEqual(await given.catalogued(), [a.entry.infoHash, c.entry.infoHash].toSorted());
  await rejects(given.read({ infoHash: b.entry.infoHash }), remote("torrent-unknown"));
  equal(await retain(given, [pathOf(a), pathOf(c)]), 0);
});

test("retaining reaches what an earlier store published, and paths that are gone", async () => {
  await using given = await GivenStore.start(FILES);
  await given.publish("a");
  const b = await given.publish("b");
  await given.restart();
  equal(await retain(given, [pathOf(b), given.directory.at("absent")]), 1);
  equal(await retain(given, []), 1);
  deepEqual(await given.catalogued(), []);
});

test("a path may be retained by a link to it", async () => {
  await using given = await GivenStore.start(FILES);
  symlinkSync("a", given.directory.at("latest"));
  await given.publish("latest");
  equal(await retain(given, [given.directory.at("latest")]), 0);
});

test("a path that comes back is not hashed again", async () => {
  await using given = await GivenStore.start(FILES);
  const { entry } = await given.publish("a");
  equal(await retain(given, []), 1);
  const again = await given.publish("a");
  deepEqual([again.hashed, again.entry.infoHash], [false, entry.infoHash]);
  equal((await given.readAll(again.entry)).toString(), "12345");
});

test("torrents of other holders are left alone", async () => {
  await using given = await GivenStore.start(FILES);
  const { entry } = await given.publish("a");
  const sources = entry.sources.map((source) => ({ ...source, holder: "another-store" }));
  await given.catalog.publish({ ...entry, sources }, Buffer.of());
  await given.bus.flush();
  equal(await retain(given, []), 0);
  deepEqual(await given.catalogued(), [entry.infoHash]);
});

function pathOf({ entry }: Published): string {
  return entry.sources[0]?.location ?? "";
}
