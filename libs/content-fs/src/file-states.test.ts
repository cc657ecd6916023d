import { deepEqual, equal, rejects } from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { test } from "node:test";
import { fileStates } from "./file-states.ts";
import { identityOf } from "./is-listed.ts";
import { lstat } from "./system-calls.ts";
import { GivenDirectory } from "./testing.ts";

const NAMES = ["a", "b", "c", "sub/d"];

/** As many as a thread is started for, again and again the same few. */
function givenPaths(directory: GivenDirectory, count: number): string[] {
  return Array.from({ length: count }, (_, index) => directory.at(NAMES[index % 4] ?? ""));
}

for (const count of [0, 3, 4_001, 9_999]) {
  test(`fileStates() gives the states of ${count} files in their order`, async () => {
    using directory = new GivenDirectory({ a: "x", b: "", c: "12345", "sub/d": "4711" });
    const expected = await Promise.all(
      NAMES.map(async (name) => identityOf(await lstat(directory.at(name)))),
    );
    const states = await fileStates(givenPaths(directory, count), undefined);
    equal(states.length, count);
    for (const [index, state] of states.entries()) deepEqual(state, expected[index % 4]);
  });
}

for (const count of [4, 8_000]) {
  test(`fileStates() given ${count} files and a link among them rejects`, async () => {
    using directory = new GivenDirectory({ a: "x", b: "", c: "12345", "sub/d": "4711" });
    symlinkSync("a", directory.at("link"));
    const paths = givenPaths(directory, count).with(count / 2 + 1, directory.at("link"));
    await rejects(fileStates(paths, undefined), {
      detail: { code: "content-changed", path: directory.at("link") },
    });
  });

  test(`fileStates() given ${count} files stops when its signal aborts`, async () => {
    using directory = new GivenDirectory({ a: "x", b: "", c: "12345", "sub/d": "4711" });
    await rejects(fileStates(givenPaths(directory, count), AbortSignal.abort()), {
      name: "AbortError",
    });
  });
}
