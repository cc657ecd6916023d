import { deepEqual, equal, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { GivenOrigin } from "@seedfleet/content-http/testing";
import { GivenStore, remote } from "../testing.ts";
import { bucketConfig, getsOf, startWithBucket, warnings } from "./testing.ts";

const PIECE_BYTES = 16_384;
const ONE = randomBytes(3 * PIECE_BYTES + 100);
const OTHER = randomBytes(2 * PIECE_BYTES + 7);
const OPTIONS = { version: "v1", pieceLengthBytes: PIECE_BYTES } as const;

test("two stores serve what either has published from a bucket", async () => {
  await using given = await startWithBucket({ objects: { "d/one": ONE, other: OTHER } });
  const { bucket, store } = given;
  const config = { id: "store-2", ...bucketConfig(bucket) };
  await using second = await GivenStore.start({}, config, { bus: store.bus });
  const one = (await store.publish(bucket.at("d"), OPTIONS)).entry;
  const other = (await second.publish(bucket.at("other"), OPTIONS)).entry;
  await store.bus.flush();
  for (const each of [store, second]) {
    deepEqual(await each.readAll(one), ONE);
    deepEqual(await each.readAll(other), OTHER);
    deepEqual(warnings(each), []);
  }
  // Also when the one that published it is away.
  await store.store[Symbol.asyncDispose]();
  deepEqual(await second.readAll(one), ONE);
});

test("two stores serve what either has published from an origin", async () => {
  await using origin = await GivenOrigin.start({ "pub/one": ONE });
  const config = { origins: [origin.at("pub/")] };
  await using store = await GivenStore.start({}, config);
  const ports = { bus: store.bus };
  await using second = await GivenStore.start({}, { ...config, id: "store-2" }, ports);
  const { entry } = await store.publish(origin.at("pub/one"), OPTIONS);
  await store.bus.flush();
  deepEqual(await second.readAll(entry), ONE);
});

test("a store that may not read the bucket knows no such torrent, and asks nobody", async () => {
  await using given = await startWithBucket({ objects: { "d/one": ONE } });
  const { bucket, store } = given;
  const { entry } = await store.publish(bucket.at("d"), OPTIONS);
  const { infoHash } = entry;
  for (const origins of [[], [bucket.at("e")], [bucket.at("d/one/x")]]) {
    const config = { id: "store-2", ...bucketConfig(bucket, origins) };
    await using second = await GivenStore.start({}, config, { bus: store.bus });
    const seen = bucket.faults.seen.items.length;
    await rejects(second.read({ infoHash }), remote("torrent-unknown"));
    await rejects(second.read({ infoHash, verify: true }), remote("torrent-unknown"));
    equal(bucket.faults.seen.items.length, seen);
  }
});

test("an entry that leads out of the origins by its spelling is not followed", async () => {
  await using origin = await GivenOrigin.start({ "pub/one": ONE, "private/one": OTHER });
  const config = { origins: [origin.at()] };
  await using store = await GivenStore.start({}, config);
  const { entry } = await store.publish(origin.at("private/one"), OPTIONS);
  const location = origin.at("pub/../private/one");
  const sources = entry.sources.map((source) => ({ ...source, location }));
  await store.catalog.change(entry.infoHash, () => ({ ...entry, sources }));
  await using second = await GivenStore.start(
    {},
    { id: "store-2", origins: [origin.at("pub")] },
    { bus: store.bus },
  );
  const seen = origin.requests.items.length;
  await rejects(second.read({ infoHash: entry.infoHash }), remote("torrent-unknown"));
  equal(origin.requests.items.length, seen);
});

test("a bucket that two stores have published is one source", async () => {
  await using given = await startWithBucket({ objects: { one: ONE } });
  const { bucket, store } = given;
  const config = { id: "store-2", ...bucketConfig(bucket) };
  await using second = await GivenStore.start({}, config, { bus: store.bus });
  await store.publish(bucket.at("one"), OPTIONS);
  const { entry } = await second.publish(bucket.at("one"), OPTIONS);
  equal(entry.sources.length, 2);
  await second.restart();
  await second.read({ infoHash: entry.infoHash });
  bucket.faults.inject({ kind: "answer", status: 403 });
  const before = getsOf(bucket);
  await rejects(second.read({ infoHash: entry.infoHash }), remote("content-unreadable"));
  equal(getsOf(bucket) - before, 1);
});
