import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { Content } from "@seedfleet/content";
import { advanceUntil, turn, VirtualClock } from "@seedfleet/testkit";
import { S3_ATTEMPTS_MAX, S3_READ_SILENCE_MS_MAX, S3_REQUESTS_EACH_MAX } from "./limits.ts";
import { S3ContentSource } from "./s3-content-source.ts";
import { type FaultScope, GivenBucket, hastyClock } from "./testing.ts";

const ports = { clock: hastyClock };

function getsOf(wanted: string): FaultScope {
  return { when: ({ method, key }) => method === "GET" && key === wanted };
}

/** Reads the first five bytes of each file. */
function readEach(content: Content, into: Uint8Array): Promise<void> {
  const ranges = content.listing.files.map((_, file) => ({ file, offsetBytes: 0, lengthBytes: 5 }));
  return content.read(ranges, into);
}

for (const afterBytes of [null, 0, 3]) {
  const given = afterBytes === null ? "no headers" : `nothing after ${afterBytes} bytes`;

  test(`read() given ${given} asks again once that took too long`, async () => {
    await using bucket = await GivenBucket.start({ a: "01234" });
    const clock = new VirtualClock();
    await using source = new S3ContentSource({ clock }, bucket.options);
    const content = source.open(await source.list(bucket.at("a")));
    bucket.faults.inject({ kind: "stall", afterBytes }, { ...getsOf("a"), times: 1 });
    const into = Buffer.alloc(5);
    const reading = readEach(content, into);
    await bucket.faults.stalled.count(1);
    const again = bucket.faults.seen.until((seen) => seen.filter(isGet).length === 2);
    await advanceUntil(clock, 1, again);
    await reading;
    equal(into.toString(), "01234");
    const ifMatch = `"${content.listing.files[0]?.identity}"`;
    deepEqual(
      bucket.faults.seen.items.filter(isGet).map((seen) => [seen.range, seen.ifMatch]),
      [
        ["bytes=0-4", ifMatch],
        [`bytes=${afterBytes ?? 0}-4`, ifMatch],
      ],
    );
  });
}

function isGet({ method }: { readonly method: string }): boolean {
  return method === "GET";
}

test("read() gives up on a store that stays silent", async () => {
  await using bucket = await GivenBucket.start({ a: "01234" });
  const clock = new VirtualClock();
  await using source = new S3ContentSource({ clock }, bucket.options);
  const content = source.open(await source.list(bucket.at("a")));
  bucket.faults.inject({ kind: "stall", afterBytes: null }, getsOf("a"));
  const begunMs = clock.nowMs();
  const reading = rejects(readEach(content, Buffer.alloc(5)), {
    detail: {
      code: "content-unreadable",
      path: bucket.at("a"),
      reason: "it gives no byte for 5 s, also when asked again; check the store and the way to it",
    },
  });
  for (let attempts = 1; attempts <= S3_ATTEMPTS_MAX; attempts += 1) {
    await advanceUntil(clock, 10, bucket.faults.stalled.count(attempts));
  }
  await advanceUntil(clock, 100, reading);
  const tookMs = clock.nowMs() - begunMs;
  ok(tookMs < (S3_READ_SILENCE_MS_MAX + 2_000) * S3_ATTEMPTS_MAX, `${tookMs} ms`);
});

test("read() that has failed writes no more, and does not wait for what stalls", async () => {
  await using bucket = await GivenBucket.start({ "d/a": "01234", "d/b": "56789" });
  const clock = new VirtualClock();
  await using source = new S3ContentSource({ clock }, bucket.options);
  const content = source.open(await source.list(bucket.at("d")));
  const { promise: after, resolve: refuse } = Promise.withResolvers<void>();
  bucket.faults.inject({ kind: "stall", afterBytes: 2 }, getsOf("d/a"));
  bucket.faults.inject({ kind: "answer", status: 403, after }, getsOf("d/b"));
  const into = Buffer.alloc(10);
  const reading = readEach(content, into);
  while (into[1] === 0) await turn();
  refuse();
  const refused = rejects(reading, /^SeedfleetError: Cannot read s3:.*\/d\/b: .*403/);
  await advanceUntil(clock, 1, refused);
  ok(clock.nowMs() < S3_READ_SILENCE_MS_MAX, `${clock.nowMs()} ms`);
  into.fill(0xff);
  bucket.faults.resume();
  for (let turns = 0; turns < 50; turns += 1) await turn();
  deepEqual(into, Buffer.alloc(10, 0xff));
});

test("read() makes no more than so many requests at once", async () => {
  const names = Array.from({ length: S3_REQUESTS_EACH_MAX + 4 }, (_, index) => `d/${index}`);
  await using bucket = await GivenBucket.start(
    Object.fromEntries(names.map((name) => [name, "01234"])),
  );
  await using source = new S3ContentSource(ports, bucket.options);
  const content = source.open(await source.list(bucket.at("d")));
  bucket.faults.inject({ kind: "stall", afterBytes: 0 }, { times: S3_REQUESTS_EACH_MAX });
  const into = Buffer.alloc(5 * names.length);
  const reading = readEach(content, into);
  await bucket.faults.stalled.count(S3_REQUESTS_EACH_MAX);
  for (let turns = 0; turns < 50; turns += 1) await turn();
  equal(bucket.faults.seen.items.filter(hasRange).length, S3_REQUESTS_EACH_MAX);
  bucket.faults.resume();
  await reading;
  equal(into.toString(), "01234".repeat(names.length));
});

function hasRange({ range }: { readonly range: string | null }): boolean {
  return range !== null;
}

test("a failure shows nothing of the credentials or the signature", async () => {
  await using bucket = await GivenBucket.start({ a: "01234" });
  await using source = new S3ContentSource(ports, bucket.options);
  const content = source.open(await source.list(bucket.at("a")));
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = bucket.env;
  const code = "SignatureDoesNotMatch";
  // Amazon says back what was to be signed, and by whom.
  const body =
    `<Error><Code>${code}</Code><Message>By ${AWS_ACCESS_KEY_ID}</Message>` +
    `<AWSAccessKeyId>${AWS_ACCESS_KEY_ID}</AWSAccessKeyId>` +
    "<StringToSign>AWS4-HMAC-SHA256 x-amz-date</StringToSign></Error>";
  const echo = { "x-echo": AWS_SECRET_ACCESS_KEY };
  for (const status of [400, 403, 500]) {
    bucket.faults.inject({ kind: "answer", status, body, headers: echo });
    const error = await readEach(content, Buffer.alloc(5)).catch((reason: unknown) => reason);
    const all = inspect(error, { depth: 20, showHidden: true, getters: true });
    match(all, /content-unreadable/);
    for (const secret of [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "AWS4-HMAC", "amz-date"]) {
      equal(all.includes(secret), false, `${secret} is in ${all}`);
    }
  }
});

test("disposing ends what is read, and then nothing can be", async () => {
  await using bucket = await GivenBucket.start({ a: "01234" });
  const source = new S3ContentSource(ports, bucket.options);
  const content = source.open(await source.list(bucket.at("a")));
  bucket.faults.inject({ kind: "stall", afterBytes: 1 }, getsOf("a"));
  const closing = /Cannot read s3:.*\/a: this process is closing its connections/;
  const ended = rejects(readEach(content, Buffer.alloc(5)), closing);
  await bucket.faults.stalled.count(1);
  await source[Symbol.asyncDispose]();
  await ended;
  await rejects(readEach(content, Buffer.alloc(5)), closing);
  await rejects(source.list(bucket.at("a")), closing);
});
