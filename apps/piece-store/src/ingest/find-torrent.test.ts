import { deepEqual, equal, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { GivenOrigin } from "@seedfleet/content-http/testing";
import { GivenStore, remote } from "../testing.ts";
import { adopt, givenTorrent, PIECE_BYTES } from "./testing.ts";

const A = randomBytes(PIECE_BYTES + 5);
const B = randomBytes(9);

const directories = [
  { given: "itself", at: "pub/a%2520%20%231/" },
  { given: "without its slash", at: "pub/a%2520%20%231" },
  { given: "as the one it was downloaded into", at: "pub/" },
  { given: "with a query", at: "pub/?token=a%2Fb" },
] as const;

for (const { given: situation, at } of directories) {
  test(`a directory on an origin is found given its URL ${situation}`, async () => {
    await using origin = await GivenOrigin.start({
      "pub/a%2520%20%231/x": A,
      "pub/a%2520%20%231/y/z": B,
    });
    await using given = await GivenStore.start({}, { origins: [origin.at()] });
    const torrent = givenTorrent({ x: A, "y/z": B }, { name: "a%20 #1" });
    const { entry } = await adopt(given, torrent, { at: [origin.at(at)] });
    deepEqual(await given.readAll(entry), Buffer.concat([A, B]));
    equal(entry.sources[0]?.shared, true);
  });
}

const files = [
  { given: "itself", at: "pub/other%20name" },
  { given: "as the directory it was downloaded into", at: "downloads/" },
] as const;

for (const { given: situation, at } of files) {
  test(`a single file on an origin is found given its URL ${situation}`, async () => {
    const stored = { "pub/other%20name": A, "downloads/a%2520%20%231": A };
    await using origin = await GivenOrigin.start(stored);
    await using given = await GivenStore.start({}, { origins: [origin.at()] });
    const torrent = givenTorrent({ "a%20 #1": A }, { name: "a%20 #1", single: true });
    const { entry } = await adopt(given, torrent, { at: [origin.at(at)] });
    deepEqual(await given.readAll(entry), A);
  });
}

test("what lies on an origin that is not allowed is not asked for", async () => {
  await using origin = await GivenOrigin.start({ "pub/content/x": A });
  await using given = await GivenStore.start({}, { origins: [origin.at("other/")] });
  const torrent = givenTorrent({ x: A });
  await rejects(adopt(given, torrent, { at: [origin.at("pub/")] }), remote("path-outside-roots"));
  equal(origin.requests.items.length, 0);
});

test("content on disk has its mirror on an origin", async () => {
  await using origin = await GivenOrigin.start({ "pub/content/x": A, "pub/content/y": B });
  await using given = await GivenStore.start({ "d/x": A, "d/y": B }, { origins: [origin.at()] });
  const { entry } = await adopt(given, givenTorrent({ x: A, y: B }), {
    at: ["d", origin.at("pub/")],
  });
  deepEqual(
    entry.sources.map(({ location, shared }) => [location, shared]),
    [
      [given.directory.at("d"), false],
      [origin.at("pub/content"), true],
    ],
  );
});
