import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  appendFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import type { Content } from "@seedfleet/content";
import { systemClock } from "@seedfleet/runtime";
import { FsContentSource, READ_BYTES_MAX } from "./fs-content-source.ts";
import { GivenDirectory } from "./testing.ts";

const WHOLE = [{ file: 0, offsetBytes: 0, lengthBytes: 5 }];

async function read(content: Content, ranges = WHOLE): Promise<string> {
  const into = Buffer.alloc(ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0));
  await content.read(ranges, into);
  return into.toString("latin1");
}

test("read() fills the buffer with ranges of several files, in their order", async () => {
  using directory = new GivenDirectory({ a: "01234", "sub/b": "56789" });
  await using source = new FsContentSource({ clock: systemClock });
  const content = source.open(await source.list(directory.path));
  const ranges = [
    { file: 1, offsetBytes: 3, lengthBytes: 2 },
    { file: 0, offsetBytes: 1, lengthBytes: 3 },
    { file: 1, offsetBytes: 0, lengthBytes: 5 },
  ];
  equal(await read(content, ranges), "8912356789");
  equal(await read(content, []), "");
});

test("read() reads a range that is longer than one read of the system", async () => {
  const bytes = Buffer.alloc(READ_BYTES_MAX * 2 + 17, "abcdefg");
  using directory = new GivenDirectory({ large: bytes });
  await using source = new FsContentSource({ clock: systemClock });
  const content = source.open(await source.list(directory.at("large")));
  const into = Buffer.alloc(bytes.length - 3);
  await content.read([{ file: 0, offsetBytes: 3, lengthBytes: into.length }], into);
  deepEqual(into, bytes.subarray(3));
});

test("readPlaces() fills the places with ranges of several files, in their order", async () => {
  const large = Buffer.alloc(READ_BYTES_MAX * 2 + 17, "abcdefg");
  using directory = new GivenDirectory({ a: "01234", large });
  await using source = new FsContentSource({ clock: systemClock });
  const { readPlaces } = source.open(await source.list(directory.path));
  ok(readPlaces !== undefined);
  const ranges = [
    { file: 1, offsetBytes: 3, lengthBytes: large.length - 3 },
    { file: 0, offsetBytes: 1, lengthBytes: 3 },
  ];
  const lengths = [1, 0, READ_BYTES_MAX + 1, READ_BYTES_MAX - 3, 17, 1];
  const places = lengths.map((length) => Buffer.alloc(length, "?"));
  await readPlaces(ranges, places);
  ok(Buffer.concat(places).equals(Buffer.concat([large.subarray(3), Buffer.from("123")])));
  const shared = [new Uint8Array(new SharedArrayBuffer(2)), new Uint8Array(3)];
  await readPlaces([{ file: 0, offsetBytes: 0, lengthBytes: 5 }], shared);
  equal(Buffer.concat(shared).toString("latin1"), "01234");
});

const changes: readonly {
  readonly given: string;
  readonly change: (path: string) => void;
}[] = [
  { given: "it grew", change: (path) => appendFileSync(path, "more") },
  { given: "it shrank", change: (path) => truncateSync(path, 3) },
  { given: "it was written to", change: (path) => writeFileSync(path, "other") },
  { given: "only its time is another", change: (path) => utimesSync(path, 1, 1) },
  { given: "it vanished", change: (path) => rmSync(path) },
  { given: "another file took its place", change: (path) => replace(path) },
  { given: "a link took its place", change: (path) => replaceByLink(path) },
];

for (const { given, change } of changes) {
  for (const open of [false, true]) {
    const when = open ? "after a first read" : "before the first read";
    test(`read() given ${given} ${when} rejects with content-changed`, async () => {
      using directory = new GivenDirectory({ "sub/file": "01234" });
      utimesSync(directory.at("sub/file"), 1_000, 1_000);
      await using source = new FsContentSource({ clock: systemClock });
      const content = source.open(await source.list(directory.path));
      if (open) equal(await read(content), "01234");
      change(directory.at("sub/file"));
      await rejects(read(content), {
        detail: { code: "content-changed", path: directory.at("sub/file") },
      });
    });
  }
}

test("read() by a new listing reads the new file, though the old one is still open", async () => {
  using directory = new GivenDirectory({ file: "01234" });
  await using source = new FsContentSource({ clock: systemClock });
  const before = source.open(await source.list(directory.path));
  equal(await read(before), "01234");
  replace(directory.at("file"));
  const after = source.open(await source.list(directory.path));
  equal(await read(after), "56789");
});

/** With the size and the time it had, so that only the inode tells. */
function replace(path: string): void {
  writeFileSync(`${path}.new`, "56789");
  utimesSync(`${path}.new`, 1_000, 1_000);
  renameSync(`${path}.new`, path);
}

function replaceByLink(path: string): void {
  renameSync(path, `${path}.moved`);
  symlinkSync("file.moved", path);
}
