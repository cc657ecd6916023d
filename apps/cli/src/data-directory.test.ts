import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { openDataDirectory } from "./data-directory.ts";

test("openDataDirectory() given a new place makes it, with a name that stays", async () => {
  using place = new GivenDirectory();
  const first = await openDataDirectory(place.at("deep/data"));
  match(first.id, /^[0-9a-f]{16}$/);
  equal(first.busFile, place.at("deep/data/bus.sqlite"));
  equal((await openDataDirectory(place.at("deep/data"))).id, first.id);
  notEqual((await openDataDirectory(place.at("other"))).id, first.id);
  deepEqual(readdirSync(place.at("deep/data")).toSorted(), ["id", "torrents"]);
});

for (const wrong of ["", "no id", "0123456789abcdef\n", "../../../etc/passwd"]) {
  test(`openDataDirectory() given the id ${JSON.stringify(wrong)} makes a new one`, async () => {
    using place = new GivenDirectory({ "data/id": wrong });
    const { id } = await openDataDirectory(place.at("data"));
    match(id, /^[0-9a-f]{16}$/);
    equal((await openDataDirectory(place.at("data"))).id, id);
  });
}

test("openDataDirectory() writes a torrent over an older one, and leaves no parts", async () => {
  using place = new GivenDirectory();
  const data = await openDataDirectory(place.path);
  const paths = [];
  for (const bytes of ["an older, longer one", "new"]) {
    paths.push(await data.writeTorrent("a ü.torrent", Buffer.from(bytes)));
  }
  deepEqual(paths, Array(2).fill(place.at("torrents/a ü.torrent")));
  equal(readFileSync(place.at("torrents/a ü.torrent"), "utf8"), "new");
  deepEqual(readdirSync(place.at("torrents")), ["a ü.torrent"]);
});

const unusable = [
  { given: "a file", path: "file" },
  { given: "a place under a file", path: "file/data" },
  { given: "a directory whose torrents are a file", path: "taken" },
] as const;

for (const { given, path } of unusable) {
  test(`openDataDirectory() given ${given} says what to do`, async () => {
    using place = new GivenDirectory({ file: "x", "taken/torrents": "x" });
    const root = place.at(path);
    await rejects(openDataDirectory(root), (error: Error & { detail?: unknown }) => {
      deepEqual(error.detail, { code: "data-directory-unusable", path: root });
      match(error.message, /^Cannot use the data directory .*; name another with --data-dir$/);
      return true;
    });
  });
}
