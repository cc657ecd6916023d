import { deepEqual, rejects } from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { errorCode, systemClock } from "@seedfleet/runtime";
import { FsContentSource } from "./fs-content-source.ts";
import { GivenDirectory } from "./testing.ts";

test("list() given files lists these alone, in their order", async () => {
  using given = new GivenDirectory({ "b/two": "22", "b/other": "x", one: "1", empty: "" });
  await using source = new FsContentSource({ clock: systemClock });
  const files = [["b", "two"], ["empty"], ["one"]];
  const listing = await source.list(given.path, { files });
  const whole = await source.list(given.path);
  deepEqual(
    listing.files.map(({ path }) => path),
    files,
  );
  deepEqual([listing.sizeBytes, listing.single], [3, false]);
  const two = whole.files.find(({ path }) => path[1] === "two");
  deepEqual(listing.files[0], two);
});

const refused = [
  { given: "one that is absent", files: [["one"], ["absent"]], code: "content-missing" },
  { given: "one in an absent directory", files: [["no", "one"]], code: "content-missing" },
  { given: "a directory", files: [["b"]], code: "content-missing" },
  { given: "a link", files: [["link"]], code: "content-missing" },
  { given: "one behind a link", files: [["away", "secret"]], code: "content-unreadable" },
  { given: "none with any bytes", files: [["empty"]], code: "content-empty" },
];

for (const { given: situation, files, code } of refused) {
  test(`list() given ${situation} among the files refuses`, async () => {
    using outside = new GivenDirectory({ secret: "s" });
    using given = new GivenDirectory({ one: "1", empty: "" });
    mkdirSync(given.at("b"));
    symlinkSync(given.at("one"), given.at("link"));
    symlinkSync(outside.path, given.at("away"));
    await using source = new FsContentSource({ clock: systemClock });
    await rejects(source.list(given.path, { files }), (error) => errorCode(error) === code);
  });
}
