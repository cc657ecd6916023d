import { deepEqual, rejects } from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { SeedfleetError } from "@seedfleet/runtime";
import { FsManagedContentStore } from "./managed-content-store.ts";
import { GivenDirectory } from "./testing.ts";

const KEY = "ab".repeat(20);

const hostile: readonly {
  readonly given: string;
  readonly paths: readonly (readonly string[])[];
  readonly reason: RegExp;
}[] = [
  { given: "an absolute path", paths: [["/etc/passwd"]], reason: /leads out of it/ },
  { given: "a way out", paths: [["d", "..", "..", "x"]], reason: /leads out of it/ },
  { given: "a way out in one name", paths: [["../x"]], reason: /leads out of it/ },
  { given: "a name that is too long", paths: [["n".repeat(256)]], reason: /no name so long/ },
  { given: "a file that is a directory too", paths: [["a"], ["a", "b"]], reason: /are one/ },
];

for (const { given, paths, reason } of hostile) {
  test(`create() given ${given} says what is wrong, and nothing is there`, async () => {
    using directory = new GivenDirectory();
    await using store = new FsManagedContentStore(directory.at("in/root"));
    const files = [["good"], ...paths].map((path) => ({ path, sizeBytes: 1 }));
    await rejects(store.create(KEY, { files, pieceCount: 1 }), isUnwritable(reason));
    deepEqual(readdirSync(directory.at("in/root")), []);
    deepEqual(readdirSync(directory.path), ["in"]);
    deepEqual(readdirSync(directory.at("in")), ["root"]);
  });
}

test("create() given a link where the torrent goes leaves alone what it leads to", async () => {
  using directory = new GivenDirectory();
  using outside = new GivenDirectory({ "content/a": "untouched" });
  mkdirSync(directory.at("root"));
  symlinkSync(outside.path, directory.at(`root/${KEY}`));
  await using store = new FsManagedContentStore(directory.at("root"));
  const files = [{ path: ["a"], sizeBytes: 1 }];
  await rejects(store.create(KEY, { files, pieceCount: 1 }), isUnwritable(/a link or a file/));
  deepEqual(readdirSync(outside.path), ["content"]);
  deepEqual(readdirSync(outside.at("content")), ["a"]);
});

test("create() given names that differ in case has both, or says that they are one", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.at("root"));
  const files = ["name", "NAME"].map((name) => ({ path: [name], sizeBytes: 1 }));
  const created = await store
    .create(KEY, { files, pieceCount: 1 })
    .catch((error: unknown) => error);
  if (isUnwritable(/are one/)(created)) deepEqual(readdirSync(directory.at("root")), []);
  else deepEqual(readdirSync(directory.at(`root/${KEY}/content`)).toSorted(), ["NAME", "name"]);
});

function isUnwritable(reason: RegExp): (error: unknown) => boolean {
  return (error) => {
    const detail = error instanceof SeedfleetError ? error.detail : null;
    if (detail?.code !== "content-unwritable" || !("reason" in detail)) return false;
    return reason.test(String(detail.reason));
  };
}
