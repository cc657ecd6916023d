import { deepEqual, equal, ok } from "node:assert/strict";
import { renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { turn, VirtualClock } from "@seedfleet/testkit";
import { FsContentSource, SEEN_MS_MAX } from "./fs-content-source.ts";
import { OPEN_FILE_IDLE_MS_MAX } from "./open-files.ts";
import { GivenDirectory } from "./testing.ts";

const RANGES = [
  { file: 1, offsetBytes: 3, lengthBytes: 2 },
  { file: 0, offsetBytes: 1, lengthBytes: 3 },
];
const FILES = { a: "01234", "sub/b": "56789" };

/** Where the system cannot do without waiting, nobody may rely on it: then there is no test. */
const CANNOT = await cannotReadAtOnce();

async function open(directory: GivenDirectory, clock = new VirtualClock()) {
  const source = new FsContentSource({ clock });
  const content = source.open(await source.list(directory.path));
  const { readAtOnce } = content;
  ok(readAtOnce !== undefined);
  return { source, content, readAtOnce };
}

async function cannotReadAtOnce(): Promise<string | false> {
  using directory = new GivenDirectory(FILES);
  await using source = new FsContentSource({ clock: new VirtualClock() });
  const content = source.open(await source.list(directory.path));
  await content.read(RANGES, Buffer.alloc(5));
  const isRead = content.readAtOnce?.(RANGES, [Buffer.alloc(5)]) ?? false;
  return isRead ? false : "this system reads nothing without waiting";
}

test("readAtOnce() reads files that are open already", { skip: CANNOT }, async () => {
  using directory = new GivenDirectory(FILES);
  const { source, content, readAtOnce } = await open(directory);
  await using _ = source;
  const places = [Buffer.alloc(1), Buffer.alloc(0), Buffer.alloc(4)];
  equal(readAtOnce(RANGES, places), false);
  await content.read(RANGES, Buffer.alloc(5));
  equal(readAtOnce(RANGES, places), true);
  equal(Buffer.concat(places).toString("latin1"), "89123");
  // The same places again, in memory that is written over.
  equal(readAtOnce([{ file: 0, offsetBytes: 0, lengthBytes: 5 }], places), true);
  equal(Buffer.concat(places).toString("latin1"), "01234");
});

const changes: readonly { readonly given: string; change(path: string): void }[] = [
  { given: "was written to", change: (path) => writeFileSync(path, "other") },
  { given: "is shorter", change: (path) => writeFileSync(path, "01") },
  { given: "vanished", change: (path) => rmSync(path) },
  { given: "is another one of the same size and time", change: replace },
];

for (const { given, change } of changes) {
  test(`readAtOnce() reads nothing of a file that ${given}`, { skip: CANNOT }, async () => {
    using directory = new GivenDirectory(FILES);
    utimesSync(directory.at("a"), 1_000, 1_000);
    const clock = new VirtualClock();
    const { source, content, readAtOnce } = await open(directory, clock);
    await using _ = source;
    const whole = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];
    await content.read(whole, Buffer.alloc(5));
    equal(readAtOnce(whole, [Buffer.alloc(5)]), true);
    change(directory.at("a"));
    clock.advance(SEEN_MS_MAX);
    equal(readAtOnce(whole, [Buffer.alloc(5)]), false);
  });
}

test("readAtOnce() looks at the path every few milliseconds", { skip: CANNOT }, async () => {
  using directory = new GivenDirectory(FILES);
  const clock = new VirtualClock();
  const { source, content, readAtOnce } = await open(directory, clock);
  await using _ = source;
  const whole = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];
  await content.read(whole, Buffer.alloc(5));
  const into = Buffer.alloc(5);
  equal(readAtOnce(whole, [into]), true);
  // It is what was listed as long as it is open, wherever it lies now.
  renameSync(directory.at("a"), directory.at("elsewhere"));
  clock.advance(SEEN_MS_MAX - 1);
  equal(readAtOnce(whole, [into]), true);
  equal(into.toString("latin1"), "01234");
  clock.advance(1);
  equal(readAtOnce(whole, [into]), false);
  renameSync(directory.at("elsewhere"), directory.at("a"));
  equal(readAtOnce(whole, [into]), true);
});

test("readAtOnce() of an old listing is not so by what a new one saw", {
  skip: CANNOT,
}, async () => {
  using directory = new GivenDirectory(FILES);
  const { source, content, readAtOnce } = await open(directory);
  await using _ = source;
  const whole = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];
  const into = Buffer.alloc(5);
  await content.read(whole, into);
  // The same file, which is open already.
  writeFileSync(directory.at("a"), "43210");
  utimesSync(directory.at("a"), 2_000, 2_000);
  const now = source.open(await source.list(directory.path));
  await now.read(whole, into);
  equal(now.readAtOnce?.(whole, [into]), true);
  equal(readAtOnce(whole, [into]), false);
  equal(now.readAtOnce?.(whole, [into]), true);
});

test("readAtOnce() keeps a file open, and opens none", { skip: CANNOT }, async () => {
  using directory = new GivenDirectory(FILES);
  const clock = new VirtualClock();
  const { source, content, readAtOnce } = await open(directory, clock);
  const whole = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];
  await content.read(whole, Buffer.alloc(5));
  const isRead: boolean[] = [];
  for (const waitMs of [0.6, 0.6, 2.1].map((share) => share * OPEN_FILE_IDLE_MS_MAX)) {
    clock.advance(waitMs);
    await turn();
    isRead.push(readAtOnce(whole, [Buffer.alloc(5)]));
  }
  deepEqual(isRead, [true, true, false]);
  await content.read(whole, Buffer.alloc(5));
  equal(readAtOnce(whole, [Buffer.alloc(5)]), true);
  await source[Symbol.asyncDispose]();
  equal(readAtOnce(whole, [Buffer.alloc(5)]), false);
});

function replace(path: string): void {
  writeFileSync(`${path}.new`, "56789");
  utimesSync(`${path}.new`, 1_000, 1_000);
  renameSync(`${path}.new`, path);
}
