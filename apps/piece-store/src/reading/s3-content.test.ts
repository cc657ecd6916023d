import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { DEFAULT_TORRENT_OPTIONS } from "@seedfleet/contracts";
import { remote } from "../testing.ts";
import { bucketConfig, padded, startWithBucket, warnings } from "./testing.ts";

const PIECE_BYTES = 16_384;

const FILES = {
  "d/a": randomBytes(PIECE_BYTES * 3 + 5),
  "d/b/empty": "",
  "d/b/é +%41": randomBytes(7),
  "d/c": randomBytes(100_000),
};

for (const version of ["v1", "hybrid", "v2"] as const) {
  test(`a prefix of a bucket is published and read as ${version}`, async () => {
    await using given = await startWithBucket({ objects: { ...FILES, "d!": "not of it" } });
    const { bucket, store } = given;
    const options = { version, pieceLengthBytes: PIECE_BYTES };
    const { entry } = await store.publish(bucket.at("d"), options);
    deepEqual(
      entry.sources.map(({ location, shared }) => [location, shared]),
      [[bucket.at("d"), true]],
    );
    deepEqual(await store.readAll(entry), padded(FILES, entry));
    // Now from the listing of a store that has not just hashed it.
    await store.restart();
    deepEqual(await store.readAll(entry), padded(FILES, entry));
    equal(store.telemetry.recorded.logs.filter(({ level }) => level === "warn").length, 0);
  });
}

test("one object is published and read, part by part", async () => {
  const bytes = randomBytes(3 * PIECE_BYTES + 1);
  await using given = await startWithBucket({ objects: { "d/a.iso": bytes } });
  const { bucket, store } = given;
  const { entry } = await store.publish(bucket.at("d/a.iso"));
  deepEqual([entry.name, entry.fileCount], ["a.iso", 1]);
  const { infoHash } = entry;
  const part = await store.read({ infoHash, piece: 1, begin: 5, length: 9 });
  deepEqual(part, bytes.subarray(PIECE_BYTES + 5, PIECE_BYTES + 14));
  deepEqual(await store.readAll(entry), bytes);
});

const changes = [
  { given: "overwritten with as many bytes", change: "put", path: "d/a" },
  { given: "deleted", change: "delete", path: "d/a" },
] as const;

for (const { given: situation, change, path } of changes) {
  for (const when of ["under the running store", "while no store ran"] as const) {
    test(`an object ${situation} ${when} is refused, and told once`, async () => {
      await using given = await startWithBucket({ objects: { "d/a": "12345", "d/b": "67890" } });
      const { bucket, store } = given;
      const { infoHash } = (await store.publish(bucket.at("d"))).entry;
      equal((await store.read({ infoHash, length: 10 })).toString(), "1234567890");
      if (change === "put") await bucket.put(path, "54321");
      else await bucket.delete(path);
      if (when === "while no store ran") await store.restart();
      for (let read = 0; read < 3; read += 1) {
        const both = [1, 2].map(() => store.read({ infoHash, length: 10 }));
        await Promise.all(both.map((each) => rejects(each, remote("content-changed"))));
      }
      deepEqual(
        warnings(store).map(({ message, fields }) => [message, fields["infoHash"]]),
        [["content changed", infoHash]],
      );
      // It is told once in the life of the fleet, not of a process.
      await store.restart();
      await rejects(store.read({ infoHash }), remote("content-changed"));
      deepEqual(warnings(store), []);
    });
  }
}

test("an overwritten object is served again once it is published again", async () => {
  await using given = await startWithBucket({ objects: { a: "12345" } });
  const { bucket, store } = given;
  const before = (await store.publish(bucket.at("a"))).entry;
  await bucket.put("a", "54321");
  await rejects(store.read({ infoHash: before.infoHash }), remote("content-changed"));
  const after = (await store.publish(bucket.at("a"))).entry;
  ok(after.infoHash !== before.infoHash);
  equal((await store.readAll(after)).toString(), "54321");
  // What the place held before is not there any more.
  await store.bus.flush();
  await rejects(store.read({ infoHash: before.infoHash }), remote("torrent-unknown"));
});

test("a bucket that is not among the origins is refused", async () => {
  await using given = await startWithBucket({ objects: { "d/a": "1", "da/a": "2" } });
  const { bucket, store } = given;
  await store.restart(store.bus, bucketConfig(bucket, [bucket.at("d")]));
  const seen = bucket.faults.seen.items.length;
  const outside = ["da", "", "da/a", "d/../da", "d//../da", "d/.."].map((key) => bucket.at(key));
  for (const refused of [...outside, "s3://another/d"]) {
    await rejects(store.publish(refused), remote("path-outside-roots"), refused);
  }
  // It was not asked what lies there either.
  equal(bucket.faults.seen.items.length, seen);
  equal((await store.publish(bucket.at("d/"))).entry.sources[0]?.location, bucket.at("d"));
});

test("what was published from a bucket is not read once that is no origin any more", async () => {
  await using given = await startWithBucket({ objects: { a: "12345" } });
  const { bucket, store } = given;
  const { infoHash } = (await store.publish(bucket.at("a"))).entry;
  await store.restart(store.bus, bucketConfig(bucket, ["s3://another"]));
  const seen = bucket.faults.seen.items.length;
  await rejects(store.read({ infoHash }), remote("torrent-unknown"));
  equal(bucket.faults.seen.items.length, seen);
});

test("a mirror in a bucket is checked to have the right sizes, and then read", async () => {
  const objects = { "m/x": "12345", "n/x": "1234" };
  await using given = await startWithBucket({ objects, files: { "p/x": "12345" } });
  const { bucket, store } = given;
  const torrent = { kind: "make", options: { ...DEFAULT_TORRENT_OPTIONS, version: "v1" } } as const;
  const wrong = await store.submitTo(["p", bucket.at("n")], torrent);
  await rejects(store.resultOf(wrong), remote("content-mismatch"));
  const right = await store.resultOf(await store.submitTo(["p", bucket.at("m")], torrent));
  deepEqual(
    right.entry.sources.map(({ shared }) => shared),
    [false, true],
  );
});
