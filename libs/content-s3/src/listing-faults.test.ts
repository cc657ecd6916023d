import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import { SeedfleetError } from "@seedfleet/runtime";
import { S3_ATTEMPTS_MAX } from "./limits.ts";
import { S3ContentSource } from "./s3-content-source.ts";
import { type Fault, type FaultScope, GivenBucket, hastyClock } from "./testing.ts";

const ports = { clock: hastyClock };
const HEADS: FaultScope = { when: ({ method }) => method === "HEAD" };
const LISTS: FaultScope = { when: ({ method, key }) => method === "GET" && key === "" };

/** A page as Amazon gives it. */
function page(contents: string, more = ""): Fault {
  const body = `<?xml version="1.0"?><ListBucketResult>${more}${contents}</ListBucketResult>`;
  return { kind: "answer", status: 200, body };
}

function listed(key: string, storageClass = "STANDARD"): string {
  return (
    `<Contents><Key>${key}</Key><Size>5</Size><ETag>&quot;4100c4d44da9177247e44a5fc1546778&quot;` +
    "</ETag><LastModified>2026-01-01T00:00:00.123Z</LastModified>" +
    `<StorageClass>${storageClass}</StorageClass></Contents>`
  );
}

/** The reason of a rejection with `content-unreadable`. */
async function unreadable(listing: Promise<unknown>): Promise<string> {
  const error = await listing.then(
    () => null,
    (reason: unknown) => reason,
  );
  const detail: { code?: string; reason?: string } =
    error instanceof SeedfleetError ? error.detail : {};
  equal(detail.code, "content-unreadable");
  return detail.reason ?? "";
}

test("list() decodes keys as a store encodes them for XML", async () => {
  await using bucket = await GivenBucket.start({ "d/a\u0001 b+%": "01234" });
  await using source = new S3ContentSource(ports, bucket.options);
  bucket.faults.inject(page(listed("d/a%01+b%2B%25"), "<EncodingType>url</EncodingType>"), LISTS);
  const { files } = await source.list(bucket.at("d"));
  deepEqual(
    files.map(({ path, modified }) => [path, modified]),
    [[["a\u0001 b+%"], "2026-01-01T00:00:00Z"]],
  );
});

test("list() refuses a key that is not UTF-8", async () => {
  await using bucket = await GivenBucket.start();
  await using source = new S3ContentSource(ports, bucket.options);
  bucket.faults.inject(page(listed("d/caf%E9+"), "<EncodingType>url</EncodingType>"), LISTS);
  await rejects(source.list(bucket.at("d")), {
    detail: { code: "content-name-not-utf8", path: bucket.at("d"), nameHex: "642f636166e920" },
  });
});

test("list() leaves out keys that can be no path, and names them", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a", "d//b": "b", "d/../c": "c" });
  await using source = new S3ContentSource(ports, bucket.options);
  const { files, skipped } = await source.list(bucket.at("d"));
  deepEqual([files.map(({ path }) => path), skipped], [[["a"]], ["../c", "/b"]]);
});

test("list() refuses a key that is both an object and a prefix", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a", "d/a/b": "b" });
  await using source = new S3ContentSource(ports, bucket.options);
  match(await unreadable(source.list(bucket.at("d"))), /^"a" in it is an object, and there are/);
  const files = [["a"], ["a", "b"]];
  match(await unreadable(source.list(bucket.at("d"), { files })), /^"a" in it is an object/);
  equal((await source.list(bucket.at("d/a"))).single, true);
});

for (const storageClass of ["GLACIER", "DEEP_ARCHIVE"]) {
  const archive = { "x-amz-storage-class": storageClass };

  test(`list() refuses what is in ${storageClass} until it is restored`, async () => {
    await using bucket = await GivenBucket.start({ "d/a": "01234", "d/b": "01234" });
    await using source = new S3ContentSource(ports, bucket.options);
    bucket.faults.inject(page(listed("d/a") + listed("d/b", storageClass)), LISTS);
    const ofB: FaultScope = { when: ({ method, key }) => method === "HEAD" && key === "d/b" };
    const reason = "it lies in an archive; restore it, or copy it to another storage class";
    const detail = { code: "content-unreadable", path: bucket.at("d/b"), reason };
    const files = [["b"]];
    for (const more of [{}, { "x-amz-restore": 'ongoing-request="true"' }]) {
      bucket.faults.inject({ kind: "headers", headers: { ...archive, ...more } }, ofB);
      await rejects(source.list(bucket.at("d")), { detail });
      await rejects(source.list(bucket.at("d"), { files }), { detail });
      await rejects(source.list(bucket.at("d/b")), { detail });
    }
    const restored = { "x-amz-restore": 'ongoing-request="false", expiry-date="later"' };
    bucket.faults.inject({ kind: "headers", headers: { ...archive, ...restored } }, ofB);
    equal((await source.list(bucket.at("d"))).files.length, 2);
  });
}

test("list() needs no right to see the prefix as an object", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a" });
  await using source = new S3ContentSource(ports, bucket.options);
  const ofPrefix: FaultScope = { when: ({ method, key }) => method === "HEAD" && key !== "d/a" };
  bucket.faults.inject({ kind: "answer", status: 403 }, ofPrefix);
  equal((await source.list(bucket.at("d"))).files.length, 1);
  equal(await source.resolve(bucket.at("d/")), bucket.at("d"));
  match(await unreadable(source.list(bucket.at("e"))), /403.*check that it is there/);
  match(await unreadable(source.resolve(bucket.at("e"))), /403.*check that it is there/);
});

test("list() refuses what may be listed but not read", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a" });
  await using source = new S3ContentSource(ports, bucket.options);
  bucket.faults.inject({ kind: "answer", status: 403 }, HEADS);
  await rejects(source.list(bucket.at("d")), {
    detail: {
      code: "content-unreadable",
      path: bucket.at("d/a"),
      reason:
        "the store does not let these credentials (it answers 403); check that it is there, and " +
        "that their policy allows s3:GetObject and s3:ListBucket on it",
    },
  });
});

test("list() refuses what changes while it is listed", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a" });
  await using source = new S3ContentSource(ports, bucket.options);
  bucket.faults.inject(page(listed("d/a")), LISTS);
  const detail = { code: "content-changed", path: bucket.at("d/a") };
  await rejects(source.list(bucket.at("d")), { detail });
  await bucket.delete("d/a");
  await rejects(source.list(bucket.at("d")), { detail });
});

test("list() rides out a store that fails for a moment", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a" });
  await using source = new S3ContentSource(ports, bucket.options);
  const times = S3_ATTEMPTS_MAX - 2;
  for (const scope of [HEADS, LISTS]) {
    bucket.faults.inject({ kind: "answer", status: 503, code: "SlowDown" }, { ...scope, times });
    bucket.faults.inject({ kind: "reset", afterBytes: null }, { ...scope, times: 1 });
  }
  equal((await source.list(bucket.at("d"))).files.length, 1);
  const heads = bucket.faults.seen.items.filter(({ method }) => method === "HEAD");
  deepEqual(heads.length, S3_ATTEMPTS_MAX + 1);
});

const pages: readonly { readonly given: string; readonly fault: Fault; readonly then: RegExp }[] = [
  {
    given: "one that fails for good",
    fault: { kind: "answer", status: 503, code: "SlowDown" },
    then: /^it answers 503 SlowDown, also when asked again; check the store/,
  },
  {
    given: "one of another region",
    fault: { kind: "answer", status: 301, headers: { "x-amz-bucket-region": "eu-west-1" } },
    then: /^it lies in another region \(it answers 301 Fault\); set AWS_REGION to eu-west-1$/,
  },
  {
    given: "a web page",
    fault: { kind: "answer", status: 200, body: "<html><p>Hello" },
    then: /^the store does not do what it is asked \(it answers 200\)/,
  },
  {
    given: "a page that does not say where the next begins",
    fault: page(listed("d/a"), "<IsTruncated>true</IsTruncated>"),
    then: /^it does not say where its next page begins, as S3 does/,
  },
  {
    given: "objects of another prefix",
    fault: page(listed("e/a")),
    then: /^it lists what it is not asked for/,
  },
  {
    given: "objects without an ETag",
    fault: page("<Contents><Key>d/a</Key><Size>1</Size></Contents>"),
    then: /^it does not say an ETag, as S3 does/,
  },
];

for (const { given, fault, then } of pages) {
  test(`list() given ${given} is content-unreadable`, async () => {
    await using bucket = await GivenBucket.start({ "d/a": "a" });
    await using source = new S3ContentSource(ports, bucket.options);
    bucket.faults.inject(fault, LISTS);
    match(await unreadable(source.list(bucket.at("d"))), then);
  });
}

test("list() ends with the caller's signal", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "a" });
  await using source = new S3ContentSource(ports, bucket.options);
  bucket.faults.inject({ kind: "stall", afterBytes: null }, LISTS);
  const caller = new AbortController();
  const listing = source.list(bucket.at("d"), { signal: caller.signal });
  const ended = rejects(listing, (reason) => reason === "enough");
  await bucket.faults.stalled.count(1);
  caller.abort("enough");
  await ended;
  await rejects(source.list(bucket.at("d"), { signal: caller.signal }), (it) => it === "enough");
});
