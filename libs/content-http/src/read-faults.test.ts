import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Content, ContentListing } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { VirtualClock } from "@seedfleet/testkit";
import { HttpContentSource } from "./http-content-source.ts";
import { STALL_MS_MAX } from "./http-limits.ts";
import { GivenOrigin, type OriginFault, WatchedClock } from "./testing.ts";

const WHOLE = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];

function givenSource(clock: VirtualClock = new VirtualClock()): HttpContentSource {
  return new HttpContentSource({ clock, allowed: () => true });
}

async function read(content: Content): Promise<string> {
  const into = Buffer.alloc(5);
  await content.read(WHOLE, into);
  return into.toString("latin1");
}

const passing: readonly {
  readonly given: string;
  readonly fault: OriginFault;
  readonly reason: RegExp;
}[] = [
  { given: "500", fault: { kind: "status", status: 500 }, reason: /answers 500 \(tried 4 times\)/ },
  { given: "429", fault: { kind: "status", status: 429 }, reason: /answers 429 \(tried 4 times\)/ },
  {
    given: "an answer cut short",
    fault: { kind: "truncated", afterBytes: 0 },
    reason: /the connection was closed before the end \(tried 4 times\)/,
  },
  {
    given: "fewer bytes than asked for",
    fault: { kind: "wrong-length", moreBytes: -4 },
    reason: /sends fewer bytes than it announced \(tried 4 times\)/,
  },
  {
    given: "more bytes than asked for",
    fault: { kind: "wrong-length", moreBytes: 1 },
    reason: /sends more bytes than it was asked for \(tried 4 times\)/,
  },
  {
    given: "another part",
    fault: { kind: "headers", headers: { "content-range": "bytes 1-4/5" } },
    reason: /sends another part than was asked for \(tried 4 times\)/,
  },
  {
    given: "all of the same version",
    fault: { kind: "no-ranges" },
    reason: /sends all of it where a part was asked for \(tried 4 times\)/,
  },
  {
    given: "endless headers",
    fault: { kind: "headers", headers: { "x-long": "x".repeat(20_000) } },
    reason: /the connection failed \(Parse Error: Header overflow\) \(tried 4 times\)/,
  },
];

for (const { given, fault, reason } of passing) {
  test(`read() given ${given} tries again, then rejects with content-unreadable`, async () => {
    await using origin = await GivenOrigin.start({ a: "01234" });
    const clock = new WatchedClock();
    await using source = givenSource(clock);
    const content = source.open(await source.list(origin.at("a?token=secret")));
    origin.plan("a", fault);
    const failed = rejects(read(content), (error: Error) => {
      equal(errorCode(error), "content-unreadable");
      equal(error.message.includes("secret"), false);
      return reason.test(error.message);
    });
    await clock.pass(200, 400, 800);
    await failed;
    equal(origin.requests.items.length, 5);
    origin.heal();
    equal(await read(content), "01234");
  });
}

const final: readonly {
  readonly given: string;
  readonly fault: OriginFault;
  readonly reason: RegExp;
}[] = [
  { given: "401", fault: { kind: "status", status: 401 }, reason: /with 401; check that it may/ },
  { given: "403", fault: { kind: "status", status: 403 }, reason: /a token in the URL has not/ },
  { given: "400", fault: { kind: "status", status: 400 }, reason: /answers 400$/ },
  {
    given: "a longer wait than there is time for",
    fault: { kind: "status", status: 503, retryAfter: "60" },
    reason: /answers 503, and asks to wait 60 s \(tried once\)$/,
  },
  {
    given: "compressed bytes",
    fault: { kind: "headers", headers: { "content-encoding": "gzip" } },
    reason: /sends it encoded \("gzip"\) though asked not to; turn compression off there$/,
  },
];

for (const { given, fault, reason } of final) {
  test(`read() given ${given} rejects with content-unreadable at once`, async () => {
    await using origin = await GivenOrigin.start({ a: "01234" });
    await using source = givenSource();
    const content = source.open(await source.list(origin.at("a")));
    origin.plan("a", fault);
    await rejects(read(content), (error: Error) => {
      equal(errorCode(error), "content-unreadable");
      return reason.test(error.message);
    });
    equal(origin.requests.items.length, 2);
  });
}

test("read() writes nothing beyond its range, nor anything once it has rejected", async () => {
  await using origin = await GivenOrigin.start({ a: "0123456789" });
  const clock = new WatchedClock();
  await using source = givenSource(clock);
  const content = source.open(await source.list(origin.at("a")));
  origin.plan("a", { kind: "wrong-length", moreBytes: 3 });
  const memory = Buffer.alloc(10, ".");
  const ranges = [{ file: 0, offsetBytes: 2, lengthBytes: 4 }];
  const failed = rejects(content.read(ranges, memory.subarray(3, 7)), /more bytes/);
  await clock.pass(200, 400, 800);
  await failed;
  equal(`${memory.toString().slice(0, 3)}${memory.toString().slice(7)}`, "......");
});

test("read() gives an origin that has stalled up, and asks again for what is missing", async () => {
  for (const afterBytes of [null, 0, 3]) {
    await using origin = await GivenOrigin.start({ a: "01234" });
    const clock = new WatchedClock();
    await using source = givenSource(clock);
    const content = source.open(await source.list(origin.at("a")));
    origin.plan("a", { kind: "stalled", afterBytes }, 1);
    const bytes = read(content);
    await origin.requests.count(2);
    clock.advance(STALL_MS_MAX);
    await clock.pass(200);
    equal(await bytes, "01234");
  }
});

test("read() given a file in trouble does not wait for the others", async () => {
  await using origin = await GivenOrigin.start({ "pub/a": "01234", "pub/b": "56789" });
  await using source = givenSource();
  const files = [["a"], ["b"]];
  const content = source.open(await source.list(origin.at("pub"), { files }));
  origin.plan("pub/a", { kind: "stalled", afterBytes: 2 });
  origin.plan("pub/b", { kind: "status", status: 404 });
  const ranges = [0, 1].map((file) => ({ file, offsetBytes: 0, lengthBytes: 5 }));
  await rejects(content.read(ranges, new Uint8Array(10)), {
    detail: { code: "content-changed", path: origin.at("pub/b") },
  });
});

test("read() takes bytes however they are cut", async () => {
  const bytes = Buffer.alloc(300_000, "abcdefg");
  await using origin = await GivenOrigin.start({ a: bytes });
  await using source = givenSource();
  const content = source.open(await source.list(origin.at("a")));
  origin.plan("a", { kind: "slow", bytes: 7_919 });
  const into = Buffer.alloc(299_000);
  await content.read([{ file: 0, offsetBytes: 1_000, lengthBytes: into.length }], into);
  equal(into.equals(bytes.subarray(1_000)), true);
});

test("a source that is disposed of ends what is under way", async () => {
  await using origin = await GivenOrigin.start({ a: "01234" });
  const source = givenSource();
  const content = source.open(await source.list(origin.at("a")));
  origin.plan("a", { kind: "stalled", afterBytes: 2 });
  const ended = rejects(read(content), /this process is stopping/);
  await origin.requests.count(2);
  await source[Symbol.asyncDispose]();
  await ended;
});

test("read() given an origin that is gone says so", async () => {
  const listing = await listingOfGone();
  const clock = new WatchedClock();
  await using source = givenSource(clock);
  const failed = rejects(
    read(source.open(listing)),
    /the connection failed \(connect ECONNREFUSED/,
  );
  await clock.pass(200, 400, 800);
  await failed;
});

async function listingOfGone(): Promise<ContentListing> {
  await using origin = await GivenOrigin.start({ a: "01234" });
  await using source = givenSource();
  return await source.list(origin.at("a"));
}
