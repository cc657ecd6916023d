import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { UNREADABLE_SOURCES_MAX } from "@seedfleet/contracts";
import { examineDirectory, examineStore } from "./examine-store.ts";

const NONE = { unreadable: [] };

test("examineStore() tells of room, and that a directory can be written to", async () => {
  using place = new GivenDirectory({ "content/a": "1" });
  const options = { roots: [place.at("content")], managedRoot: place.path };
  const { directories, unreadable, moreUnreadable } = await examineStore(NONE, options);
  deepEqual([unreadable, moreUnreadable], [[], 0]);
  const said = directories.map(({ path, managed, fault }) => [path, managed, fault]);
  deepEqual(said, [
    [place.path, true, null],
    [place.at("content"), false, null],
  ]);
  for (const { freeBytes, sizeBytes } of directories) ok((freeBytes ?? -1) <= (sizeBytes ?? -2));
  deepEqual(readdirSync(place.path), ["content"]);
});

test("examineDirectory() given one that is not made yet looks at where it will be", async () => {
  using place = new GivenDirectory();
  const { path, freeBytes, fault } = await examineDirectory({
    path: place.at("not/made/yet"),
    managed: true,
  });
  deepEqual([path, fault], [place.at("not/made/yet"), null]);
  ok(freeBytes !== null);
  deepEqual(readdirSync(place.path), []);
});

test("examineDirectory() given what is not there, or no directory, says why", async () => {
  using place = new GivenDirectory({ file: "1" });
  const absent = await examineDirectory({ path: place.at("absent"), managed: false });
  deepEqual([absent.fault, absent.freeBytes], ["ENOENT", null]);
  const file = await examineDirectory({ path: place.at("file"), managed: true });
  equal(file.fault, "ENOTDIR");
  // One file may be a root of its own.
  equal((await examineDirectory({ path: place.at("file"), managed: false })).fault, null);
});

test("examineDirectory() given a file system that takes no writing says so", async () => {
  equal((await examineDirectory({ path: "/proc/sys", managed: true })).fault !== null, true);
});

test("examineStore() tells of each failed source once, and counts beyond its limit", async () => {
  const one = { location: "s3://b/k", reason: "x".repeat(1_000) };
  const many = Array.from({ length: UNREADABLE_SOURCES_MAX + 2 }, (_, at) => {
    return { location: `/srv/${at}`, reason: "gone" };
  });
  const options = { roots: [], managedRoot: null };
  const few = await examineStore({ unreadable: [one, one] }, options);
  deepEqual(
    [few.unreadable.map(({ location }) => location), few.unreadable[0]?.reason.length],
    [["s3://b/k"], 512],
  );
  const { unreadable, moreUnreadable } = await examineStore({ unreadable: many }, options);
  deepEqual([unreadable.length, moreUnreadable], [UNREADABLE_SOURCES_MAX, 2]);
});
