import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import type { Content } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { HttpContentSource } from "./http-content-source.ts";
import { CONNECTIONS_PER_ORIGIN_MAX, REQUESTS_AT_ONCE_MAX } from "./http-limits.ts";
import { GivenOrigin, type OriginFault, WatchedClock } from "./testing.ts";

const FIRST_TIME = "Thu, 01 Jan 2026 00:01:00 GMT";
const WHOLE = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];

function givenSource(clock: VirtualClock = new VirtualClock()): HttpContentSource {
  return new HttpContentSource({ clock, allowed: () => true });
}

async function read(content: Content, ranges = WHOLE): Promise<string> {
  const into = Buffer.alloc(ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0));
  await content.read(ranges, into);
  return into.toString("latin1");
}

test("read() fills the buffer with ranges of several files, in their order", async () => {
  await using origin = await GivenOrigin.start({ "pub/a": "01234", "pub/sub/b%20c": "56789" });
  await using source = givenSource();
  const files = [["a"], ["sub", "b c"]];
  const content = source.open(await source.list(origin.at("pub"), { files }));
  const ranges = [
    { file: 1, offsetBytes: 3, lengthBytes: 2 },
    { file: 0, offsetBytes: 1, lengthBytes: 3 },
    { file: 0, offsetBytes: 2, lengthBytes: 0 },
    { file: 1, offsetBytes: 0, lengthBytes: 5 },
  ];
  equal(await read(content, ranges), "8912356789");
  equal(await read(content, []), "");
});

test("read() asks for the listed version or nothing", async () => {
  for (const etag of ["strong", "none"] as const) {
    await using origin = await GivenOrigin.start({ a: "01234" }, { etag });
    await using source = givenSource();
    const content = source.open(await source.list(origin.at("a")));
    await read(content);
    const headers = origin.requests.items.at(-1)?.headers;
    const asked = [headers?.["if-match"], headers?.["if-unmodified-since"]];
    deepEqual(asked, etag === "strong" ? ['"v1"', undefined] : [undefined, FIRST_TIME]);
  }
});

test("read() asks once for ranges that follow each other in a file", async () => {
  await using origin = await GivenOrigin.start({ "pub/a": "0123456789", "pub/b": "abc" });
  await using source = givenSource();
  const content = source.open(await source.list(origin.at("pub"), { files: [["a"], ["b"]] }));
  const before = origin.requests.items.length;
  const ranges = [
    { file: 0, offsetBytes: 2, lengthBytes: 3 },
    { file: 0, offsetBytes: 5, lengthBytes: 0 },
    { file: 0, offsetBytes: 5, lengthBytes: 1 },
    { file: 0, offsetBytes: 7, lengthBytes: 3 },
    { file: 1, offsetBytes: 0, lengthBytes: 3 },
  ];
  equal(await read(content, ranges), "2345789abc");
  const asked = origin.requests.items.slice(before).map(({ headers }) => headers.range);
  deepEqual(asked.toSorted(), ["bytes=0-2", "bytes=2-5", "bytes=7-9"]);
});

test("read() keeps connections, and does not take all of them at once", async () => {
  const bytes = Buffer.alloc(64 * 1024, "abcdefg");
  await using origin = await GivenOrigin.start({ a: bytes });
  await using source = givenSource();
  const content = source.open(await source.list(origin.at("a")));
  const ranges = Array.from({ length: 30 }, (_, index) => ({
    file: 0,
    offsetBytes: index * 2_000,
    lengthBytes: 1_000,
  }));
  const most = async (readers: number, requests: number): Promise<number> => {
    const before = origin.requests.items.length;
    origin.hold();
    const reads = Array.from({ length: readers }, () => read(content, ranges));
    await origin.requests.count(before + requests);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    origin.release();
    await Promise.all(reads);
    return origin.atOnceMost;
  };
  equal(await most(1, REQUESTS_AT_ONCE_MAX), REQUESTS_AT_ONCE_MAX);
  equal(await most(4, CONNECTIONS_PER_ORIGIN_MAX), CONNECTIONS_PER_ORIGIN_MAX);
  equal(origin.connections, CONNECTIONS_PER_ORIGIN_MAX);
});

const changes: readonly {
  readonly given: string;
  readonly change: (origin: GivenOrigin) => void;
}[] = [
  { given: "another version", change: (origin) => origin.write("a", "56789") },
  { given: "it shrank", change: (origin) => origin.write("a", "0") },
  { given: "it vanished", change: (origin) => origin.remove("a") },
  { given: "410", change: planned({ kind: "status", status: 410 }) },
  { given: "416", change: planned({ kind: "status", status: 416 }) },
  { given: "412", change: planned({ kind: "status", status: 412 }) },
  { given: "another ETag in spite of the condition", change: headers({ etag: '"v9"' }) },
  { given: "no ETag any more", change: headers({ etag: null, "last-modified": null }) },
  { given: "another time", change: headers({ "last-modified": "Sat, 03 Jan 2026 00:00:00 GMT" }) },
  { given: "another size", change: headers({ "content-range": "bytes 0-4/6" }) },
];

for (const etag of ["strong", "none"] as const) {
  for (const { given, change } of changes) {
    test(`read() given ${given}, ETag ${etag}, rejects with content-changed`, async () => {
      await using origin = await GivenOrigin.start({ a: "01234" }, { etag });
      await using source = givenSource();
      const content = source.open(await source.list(origin.at("a?token=secret")));
      equal(await read(content), "01234");
      change(origin);
      await rejects(read(content), {
        detail: { code: "content-changed", path: `${origin.at("a")}?…` },
      });
    });
  }
}

test("read() given all of another version for a part rejects with content-changed", async () => {
  await using origin = await GivenOrigin.start({ a: "01234" });
  await using source = givenSource();
  const { files, ...listing } = await source.list(origin.at("a"));
  origin.plan("a", { kind: "headers", headers: { etag: '"v2"', "content-range": null } });
  const content = source.open({ ...listing, files });
  await rejects(read(content), isCode("content-changed"));
});

test("read() goes on where a broken answer ended, and takes only the same version", async () => {
  await using origin = await GivenOrigin.start({ a: "01234" });
  const clock = new WatchedClock();
  await using source = givenSource(clock);
  const content = source.open(await source.list(origin.at("a")));
  origin.plan("a", { kind: "truncated", afterBytes: 3 }, 1);
  const bytes = read(content);
  await clock.pass(200);
  equal(await bytes, "01234");
  equal(origin.requests.items.at(-1)?.headers.range, "bytes=3-4");

  origin.plan("a", { kind: "truncated", afterBytes: 2 }, 1);
  const changed = rejects(read(content), isCode("content-changed"));
  await origin.requests.count(4);
  origin.write("a", "56789");
  await clock.pass(200);
  await changed;
});

function planned(fault: OriginFault): (origin: GivenOrigin) => void {
  return (origin) => origin.plan("a", fault);
}

function headers(changed: Readonly<Record<string, string | null>>): (origin: GivenOrigin) => void {
  return planned({ kind: "headers", headers: changed });
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => errorCode(error) === code;
}
