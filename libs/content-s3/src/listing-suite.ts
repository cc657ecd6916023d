import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import { listContent } from "./list-content.ts";
import { S3ContentSource } from "./s3-content-source.ts";
import { S3Requests } from "./s3-requests.ts";
import { GivenBucket, type GivenObjects, type GivenStore, hastyClock } from "./testing.ts";

const ports = { clock: hastyClock };

/** More than a page, which has a thousand keys. */
const MANY = 1_203;

/** What a listing is of any S3. */
export function describeListing(name: string, startStore: () => Promise<GivenStore>): void {
  const start = (objects: GivenObjects): Promise<GivenBucket> =>
    GivenBucket.start(objects, startStore);
  testWhatIsListed({ name, start });
  testHowMuchIsListed({ name, start });
  testWhatIsThere({ name, start });
}

type Store = {
  readonly name: string;
  readonly start: (objects: GivenObjects) => Promise<GivenBucket>;
};

function testWhatIsListed({ name: store, start }: Store): void {
  test(`${store}: list() given a key lists that object`, async () => {
    await using bucket = await start({ "d/ä b+c%20": "01234", "d/ä b+c%20x": "other" });
    await using source = new S3ContentSource(ports, bucket.options);
    const listing = await source.list(bucket.at("d/ä b+c%20"));
    const { files, ...rest } = listing;
    deepEqual(rest, {
      path: bucket.at("d/ä b+c%20"),
      name: "ä b+c%20",
      single: true,
      sizeBytes: 5,
      skipped: [],
    });
    deepEqual(
      files.map(({ path, sizeBytes, identity }) => [path, sizeBytes, identity]),
      // The MD5 of the bytes, as everywhere for an object that was put in one go.
      [[["ä b+c%20"], 5, "4100c4d44da9177247e44a5fc1546778"]],
    );
    match(files[0]?.modified ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test(`${store}: list() given a prefix lists what is under it, by its bytes`, async () => {
    const names = ["\u{1d11e}", "\uff5e", "a/x", "ab", "a-b", "a.b/c", "Z", "é", "e\u0301"];
    const objects = Object.fromEntries(names.map((name) => [`d/${name}`, name]));
    await using bucket = await start({ ...objects, "d/": "", d2: "2", "d-/x": "-", "e/d/x": "x" });
    await using source = new S3ContentSource(ports, bucket.options);
    const listing = await source.list(bucket.at("d"));
    deepEqual(
      [listing.path, listing.name, listing.single, listing.skipped],
      [bucket.at("d"), "d", false, []],
    );
    const inOrder = ["Z", "a-b", "a.b/c", "a/x", "ab", "e\u0301", "é", "\uff5e", "\u{1d11e}"];
    deepEqual(
      listing.files.map(({ path }) => path.join("/")),
      inOrder,
    );
    const sizes = inOrder.map((name) => Buffer.byteLength(name));
    deepEqual(
      listing.files.map(({ sizeBytes }) => sizeBytes),
      sizes,
    );
    deepEqual(await source.list(bucket.at("d/")), listing);
  });

  test(`${store}: list() given a bucket lists all of it, as each file by itself`, async () => {
    await using bucket = await start({ a: "a", "d/b": "bb" });
    await using source = new S3ContentSource(ports, bucket.options);
    const { path, name, files } = await source.list(bucket.at());
    deepEqual([path, name, files.length], [bucket.at(), bucket.name, 2]);
    const [a] = (await source.list(bucket.at("a"))).files;
    const [b] = (await source.list(bucket.at("d"))).files;
    deepEqual(files, [a, { ...b, path: ["d", "b"] }]);
  });
}

function testHowMuchIsListed({ name: store, start }: Store): void {
  test(`${store}: list() goes through all pages, and no further than the limit`, async () => {
    const keys = Array.from({ length: MANY }, (_, index) => String(index).padStart(4, "0"));
    await using bucket = await start(Object.fromEntries(keys.map((key) => [`many/${key}`, key])));
    await using source = new S3ContentSource(ports, bucket.options);
    const { files, sizeBytes } = await source.list(bucket.at("many"));
    deepEqual(
      files.map(({ path }) => path[0]),
      keys,
    );
    equal(sizeBytes, MANY * 4);

    await using requests = new S3Requests(hastyClock, bucket.options);
    await rejects(listContent(requests, bucket.at("many"), { entriesMax: MANY - 1 }), {
      detail: { code: "content-too-many-files", path: bucket.at("many"), max: MANY - 1 },
    });
  });

  test(`${store}: list() given files lists these, in their order`, async () => {
    await using bucket = await start({ "d/a": "a", "d/b/c": "cc", "d/e": "eee" });
    await using source = new S3ContentSource(ports, bucket.options);
    const all = await source.list(bucket.at("d"));
    const files = [["e"], ["b", "c"]];
    deepEqual(await source.list(bucket.at("d"), { files }), {
      ...all,
      files: [all.files[2], all.files[1]],
      sizeBytes: 5,
    });
    const single = await source.list(bucket.at("d/a"));
    deepEqual(await source.list(bucket.at("d/a"), { files: [["a"]] }), single);
    for (const absent of [["f"], ["b"], ["b/c"], ["b", "..", "a"], []]) {
      const detail = { code: "content-missing", path: [bucket.at("d"), ...absent].join("/") };
      await rejects(source.list(bucket.at("d"), { files: [["e"], absent] }), { detail });
    }
    const other = { code: "content-missing", path: bucket.at("d/a/b") };
    await rejects(source.list(bucket.at("d/a"), { files: [["b"]] }), { detail: other });
  });
}

function testWhatIsThere({ name: store, start }: Store): void {
  test(`${store}: what is not there is content-missing, what is empty content-empty`, async () => {
    await using bucket = await start({ "d/a": "a", "d/none": "", "empty/a": "", "marker/": "" });
    await using source = new S3ContentSource(ports, bucket.options);
    for (const path of [
      bucket.at("x"),
      bucket.at("d/a/b"),
      bucket.at("D"),
      "s3://no-such-bucket",
    ]) {
      await rejects(source.list(path), { detail: { code: "content-missing", path } });
      await rejects(source.resolve(path), { detail: { code: "content-missing", path } });
    }
    for (const path of [bucket.at("d/none"), bucket.at("empty"), bucket.at("marker")]) {
      await rejects(source.list(path), { detail: { code: "content-empty", path } });
    }
  });

  test(`${store}: resolve() gives the form without a slash at the end`, async () => {
    await using bucket = await start({ "d/a": "a", "d/b/é": "b" });
    await using source = new S3ContentSource(ports, bucket.options);
    equal(await source.resolve(bucket.at("d/a")), bucket.at("d/a"));
    equal(await source.resolve(bucket.at("d/b/")), bucket.at("d/b"));
    equal(await source.resolve(bucket.at("d/b")), bucket.at("d/b"));
    equal(await source.resolve(`${bucket.at()}/`), bucket.at());
    equal(await source.resolve(bucket.at("d/b/é")), bucket.at("d/b/é"));
    await rejects(source.resolve(bucket.at("d/b/e\u0301")), {
      detail: { code: "content-missing", path: bucket.at("d/b/e\u0301") },
    });
    const reason = "it is an object, no prefix; leave out the slash at its end";
    await rejects(source.resolve(bucket.at("d/a/")), {
      detail: { code: "content-unreadable", path: bucket.at("d/a"), reason },
    });
  });
}
