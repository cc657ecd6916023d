import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { GivenDirectory } from "@seedfleet/content-fs/testing";
import { readRunning, sayRunning } from "./running-file.ts";

const RUNNING = { pid: 7, adminUrl: "http://127.0.0.1:1", embedded: true };

test("sayRunning() is read by others until it is taken back", async () => {
  using place = new GivenDirectory();
  equal(await readRunning(place.path), null);
  {
    await using _said = await sayRunning(place.path, RUNNING);
    deepEqual(await readRunning(place.path), RUNNING);
  }
  equal(await readRunning(place.path), null);
});

for (const [given, text] of [
  ["no JSON", "{"],
  ["something else", '{"pid":7}'],
  ["no URL", JSON.stringify({ ...RUNNING, adminUrl: "?" })],
] as const) {
  test(`readRunning() given ${given} is null`, async () => {
    using place = new GivenDirectory({ "running.json": text });
    equal(await readRunning(place.path), null);
  });
}
