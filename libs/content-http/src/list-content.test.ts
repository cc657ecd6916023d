import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { CONTENT_ENTRIES_MAX } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { HttpContentSource } from "./http-content-source.ts";
import { REQUESTS_AT_ONCE_MAX } from "./http-limits.ts";
import { GivenOrigin, type OriginFault, WatchedClock } from "./testing.ts";

const FIRST_TIME = "Thu, 01 Jan 2026 00:01:00 GMT";

function givenSource(clock: VirtualClock = new VirtualClock()): HttpContentSource {
  return new HttpContentSource({ clock, allowed: () => true });
}

test("list() given a file tells its size and version, with one request", async () => {
  await using origin = await GivenOrigin.start({ "pub/caf%C3%A9.iso": "01234" });
  await using source = givenSource();
  const location = origin.at("pub/caf%C3%A9.iso?token=secret");
  deepEqual(await source.list(`${location}#part`), {
    path: location,
    name: "café.iso",
    single: true,
    files: [{ path: ["café.iso"], sizeBytes: 5, identity: '"v1"', modified: FIRST_TIME }],
    sizeBytes: 5,
    skipped: [],
  });
  const [request] = await origin.requests.count(1);
  equal(request?.headers["accept-encoding"], "identity");
  equal(request?.headers.cookie ?? request?.headers.authorization, undefined);
  equal(origin.requests.items.length, 1);
});

test("list() given the files of a directory lists them in this order", async () => {
  await using origin = await GivenOrigin.start({ "pub/b%20c/d": "01", "pub/a": "2", "pub/no": "" });
  await using source = givenSource();
  for (const location of [origin.at("pub/"), origin.at("pub")]) {
    const listing = await source.list(location, { files: [["b c", "d"], ["a"], ["no"]] });
    equal(listing.path, location);
    equal(listing.name, "pub");
    equal(listing.single, false);
    equal(listing.sizeBytes, 3);
    deepEqual(
      listing.files.map(({ path, sizeBytes, identity }) => [...path, sizeBytes, identity]),
      [
        ["b c", "d", 2, '"v1"'],
        ["a", 1, '"v2"'],
        ["no", 0, ""],
      ],
    );
  }
});

test("list() given a file and its own name lists a single file", async () => {
  await using origin = await GivenOrigin.start({ "a.iso": "01", "dir/dir": "012" });
  await using source = givenSource();
  const single = await source.list(origin.at("a.iso"), { files: [["a.iso"]] });
  deepEqual([single.single, single.sizeBytes], [true, 2]);
  const directory = await source.list(origin.at("dir/"), { files: [["dir"]] });
  deepEqual([directory.single, directory.sizeBytes], [false, 3]);
});

const versions = [
  { etag: "strong", lastModified: false, then: ['"v1"', ""] },
  { etag: "weak", lastModified: true, then: ["", FIRST_TIME] },
  { etag: "none", lastModified: true, then: ["", FIRST_TIME] },
] as const;

for (const { then, ...given } of versions) {
  test(`list() given ${JSON.stringify(given)} takes what tells a change`, async () => {
    await using origin = await GivenOrigin.start({ a: "01234" }, given);
    await using source = givenSource();
    const [file] = (await source.list(origin.at("a"))).files;
    deepEqual([file?.identity, file?.modified], then);
  });
}

const refusals: readonly {
  readonly given: string;
  readonly fault: OriginFault;
  readonly code: string;
  readonly reason: RegExp;
}[] = [
  {
    given: "an origin without ranges",
    fault: { kind: "no-ranges" },
    code: "content-no-ranges",
    reason: /must answer a request for a part of it \(Range, RFC 9110\) with 206, not with 200$/,
  },
  {
    given: "another part",
    fault: { kind: "headers", headers: { "content-range": "bytes 1-1/5" } },
    code: "content-no-ranges",
    reason: /with 206 "bytes 0-0\/…", not with "bytes 1-1\/5"$/,
  },
  {
    given: "a part of an unknown whole",
    fault: { kind: "headers", headers: { "content-range": "bytes 0-0/*" } },
    code: "content-no-ranges",
    reason: /not with "bytes 0-0\/\*"$/,
  },
  {
    given: "a part without saying which",
    fault: { kind: "headers", headers: { "content-range": null } },
    code: "content-no-ranges",
    reason: /not with ""$/,
  },
  {
    given: "no version that can be told",
    fault: { kind: "headers", headers: { etag: 'W/"1"', "last-modified": null } },
    code: "content-unreadable",
    reason: /neither a strong ETag nor Last-Modified/,
  },
  {
    given: "a compressed file",
    fault: { kind: "headers", headers: { "content-encoding": "gzip" } },
    code: "content-unreadable",
    reason: /sends it encoded \("gzip"\)/,
  },
  {
    given: "404",
    fault: { kind: "status", status: 404 },
    code: "content-missing",
    reason: /there is nothing at that path/,
  },
  {
    given: "410",
    fault: { kind: "status", status: 410 },
    code: "content-missing",
    reason: /there is nothing at that path/,
  },
  {
    given: "401",
    fault: { kind: "status", status: 401 },
    code: "content-unreadable",
    reason: /refuses it with 401; check that it may be read/,
  },
  {
    given: "403",
    fault: { kind: "status", status: 403 },
    code: "content-unreadable",
    reason: /refuses it with 403; check/,
  },
  {
    given: "a teapot",
    fault: { kind: "status", status: 418 },
    code: "content-unreadable",
    reason: /answers 418$/,
  },
  {
    given: "416 for the first byte of a file that has some",
    fault: { kind: "status", status: 416 },
    code: "content-no-ranges",
    reason: /not with 416$/,
  },
  {
    given: "a directory, by its redirect",
    fault: { kind: "redirect", to: "/a/" },
    code: "content-not-listable",
    reason: /it is a directory; an origin cannot tell what files it has/,
  },
];

for (const { given, fault, code, reason } of refusals) {
  test(`list() given ${given} rejects with ${code} and the reason`, async () => {
    await using origin = await GivenOrigin.start({ a: "01234", "a/": "<html>" });
    origin.plan("a", fault, fault.kind === "status" && fault.status === 416 ? 1 : undefined);
    await using source = givenSource();
    await rejects(source.list(origin.at("a?token=secret")), (error: Error) => {
      equal(errorCode(error), code);
      equal(error.message.includes("secret"), false);
      return reason.test(error.message);
    });
  });
}

test("list() names the file that is absent", async () => {
  await using origin = await GivenOrigin.start({ "pub/a": "0" });
  await using source = givenSource();
  await rejects(source.list(origin.at("pub/"), { files: [["a"], ["sub", "b c"]] }), {
    detail: { code: "content-missing", path: origin.at("pub/sub/b%20c") },
  });
});

test("list() given a directory and no files says why it cannot list it", async () => {
  await using source = givenSource();
  await rejects(
    source.list("https://example.org/pub/"),
    /an origin cannot tell what files it has; publish it with a \.torrent that names them/,
  );
});

test("list() given no bytes at all rejects with content-empty", async () => {
  await using origin = await GivenOrigin.start({ a: "" });
  await using source = givenSource();
  await rejects(source.list(origin.at("a")), isCode("content-empty"));
  // A server that takes no range of an empty file, and one that does not say it is empty.
  origin.plan("a", { kind: "no-ranges" }, 1);
  await rejects(source.list(origin.at("a")), isCode("content-empty"));
  origin.plan("a", { kind: "status", status: 416 }, 1);
  await rejects(source.list(origin.at("a")), isCode("content-empty"));
  await rejects(source.list(origin.at(""), { files: [] }), isCode("content-empty"));
});

test("list() refuses more files than a listing holds, without asking for any", async () => {
  await using origin = await GivenOrigin.start();
  await using source = givenSource();
  const files = new Array(CONTENT_ENTRIES_MAX + 1).fill(["a"]);
  await rejects(source.list(origin.at(""), { files }), isCode("content-too-many-files"));
  equal(origin.requests.items.length, 0);
});

test("list() asks for so many files at once and not for more", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
  await using origin = await GivenOrigin.start(
    Object.fromEntries(names.map((name) => [name, "x"])),
  );
  await using source = givenSource();
  origin.hold();
  const listed = source.list(origin.at(""), { files: names.map((name) => [name]) });
  await origin.requests.count(REQUESTS_AT_ONCE_MAX);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  origin.release();
  await listed;
  equal(origin.atOnceMost, REQUESTS_AT_ONCE_MAX);
  equal(origin.connections, REQUESTS_AT_ONCE_MAX);
});

test("list() tries again what is only temporary", async () => {
  await using origin = await GivenOrigin.start({ a: "01234" });
  origin.plan("a", { kind: "reset" }, 1);
  origin.plan("a", { kind: "status", status: 503, retryAfter: "3" }, 1);
  origin.plan("a", { kind: "status", status: 429 }, 1);
  const clock = new WatchedClock();
  await using source = givenSource(clock);
  const listed = source.list(origin.at("a"));
  await clock.pass(200, 3_000, 800);
  equal((await listed).sizeBytes, 5);
});

test("list() tries again at once where an idle connection was closed under it", async () => {
  await using origin = await GivenOrigin.start({ a: "01234" });
  await using source = givenSource();
  await source.list(origin.at("a"));
  origin.plan("a", { kind: "reset" }, 1);
  equal((await source.list(origin.at("a"))).sizeBytes, 5);
  equal(origin.connections, 2);
});

test("list() ends with the reason when it is aborted", async () => {
  await using origin = await GivenOrigin.start({ a: "01234" });
  origin.plan("a", { kind: "stalled", afterBytes: null });
  await using source = givenSource();
  const aborting = new AbortController();
  const listed = source.list(origin.at("a"), { signal: aborting.signal });
  const ended = rejects(listed, { message: "enough" });
  await origin.requests.count(1);
  aborting.abort(new Error("enough"));
  await ended;
});

test("resolve() gives the one form that is compared, and asks nobody", async () => {
  await using source = givenSource();
  equal(await source.resolve("HTTPS://Example.org:443/a#b"), "https://example.org/a");
  await rejects(source.resolve("/srv/debian"), isCode("content-missing"));
});

function isCode(code: string): (error: unknown) => boolean {
  return (error) => errorCode(error) === code;
}
