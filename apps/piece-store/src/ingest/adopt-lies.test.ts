import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { rawOf, rootOf, scanBencode } from "@seedfleet/bencode";
import type { InfoHash } from "@seedfleet/bytes";
import { type GivenFiles, GivenStore, remote } from "../testing.ts";
import { adopt, givenTorrent, PIECE_BYTES, type Torrent } from "./testing.ts";

const A = randomBytes(PIECE_BYTES * 2 + 5);
const C = randomBytes(9);
const TREE = { a: A, "b/c": C };

/** What lies there instead of what the torrent says. */
type Lie = {
  readonly given: string;
  readonly files: GivenFiles;
  readonly lay?: (at: (path: string) => string) => void;
  readonly code: string;
  readonly says: RegExp;
};

const lies: readonly Lie[] = [
  {
    given: "a file that is too long",
    files: { "d/a": A, "d/b/c": "0123456789" },
    ...{ code: "content-mismatch", says: /b\/c has 10 bytes, by the torrent 9/ },
  },
  {
    given: "a file that is too short",
    files: { "d/a": A.subarray(1), "d/b/c": C },
    ...{ code: "content-mismatch", says: /a has 32772 bytes, by the torrent 32773/ },
  },
  {
    given: "an empty file where there should be bytes",
    files: { "d/a": A, "d/b/c": "" },
    ...{ code: "content-mismatch", says: /b\/c has 0 bytes/ },
  },
  {
    given: "a file that is missing",
    files: { "d/a": A, "d/b/x": C },
    ...{ code: "content-missing", says: /d\/b\/c: there is nothing/ },
  },
  {
    given: "a file where a directory should be",
    files: { "d/a": A, "d/b": "not a directory" },
    ...{ code: "content-missing", says: /d\/b\/c: there is nothing/ },
  },
  {
    given: "a directory where a file should be",
    files: { "d/a/x": "1", "d/b/c": C },
    ...{ code: "content-missing", says: /d\/a: there is nothing/ },
  },
  {
    given: "one file instead of a directory",
    files: { d: A },
    ...{ code: "content-unreadable", says: /it is not a directory/ },
  },
  {
    given: "a link to the file",
    files: { "d/b/c": C, elsewhere: A },
    lay: (at) => symlinkSync("../elsewhere", at("d/a")),
    ...{ code: "content-missing", says: /d\/a: there is nothing/ },
  },
  {
    given: "a directory that is a link to another within the roots",
    files: { "d/a": A, "elsewhere/c": C },
    lay: (at) => symlinkSync("../elsewhere", at("d/b")),
    ...{ code: "content-unreadable", says: /d\/b: .*symbolic link/ },
  },
  {
    given: "a directory that is a link out of the roots",
    files: { "d/a": A },
    lay: (at) => symlinkSync("/etc", at("d/b")),
    ...{ code: "content-unreadable", says: /d\/b: .*symbolic link/ },
  },
  {
    given: "a way to the content that leads out of the roots",
    files: { x: "" },
    lay: (at) => symlinkSync("/etc", at("d")),
    ...{ code: "path-outside-roots", says: /must be absolute and lie under/ },
  },
  {
    given: "a directory of its name that is a link out of the roots",
    files: { "d/x": "" },
    lay: (at) => symlinkSync("/etc", at("d/content")),
    ...{ code: "path-outside-roots", says: /must be absolute and lie under/ },
  },
  {
    given: "nothing",
    files: { x: "" },
    ...{ code: "content-missing", says: /d: there is nothing/ },
  },
];

for (const { given: situation, files, lay = () => {}, code, says } of lies) {
  for (const version of ["v1", "v2"] as const) {
    test(`a ${version} torrent is refused with ${code} given ${situation}`, async () => {
      await using given = await GivenStore.start(files);
      lay((path) => given.directory.at(path));
      const torrent = givenTorrent(TREE, { version });
      await rejects(adopt(given, torrent, { at: ["d"], check: "first-use" }), (error: Error) => {
        ok(says.test(error.message), error.message);
        return remote(code)(error);
      });
      deepEqual(await given.catalogued(), []);
    });
  }
}

test("a single file's torrent is refused where a directory of other things lies", async () => {
  await using given = await GivenStore.start({ "d/x": A, "e.iso": A.subarray(7) });
  const torrent = givenTorrent({ "e.iso": A }, { name: "e.iso", single: true });
  await rejects(adopt(given, torrent, { at: ["d"] }), remote("content-mismatch"));
  await rejects(adopt(given, torrent, { at: ["e.iso"] }), remote("content-mismatch"));
  await rejects(adopt(given, torrent, { at: ["absent"] }), remote("content-missing"));
});

test("empty files need not be there", async () => {
  await using given = await GivenStore.start({ "d/a": A });
  for (const version of ["v1", "v2", "hybrid"] as const) {
    const torrent = givenTorrent(
      { ...TREE, "b/c": new Uint8Array(), "b/0": Buffer.of() },
      {
        version,
      },
    );
    const { entry } = await adopt(given, torrent, { at: ["d"] });
    equal(entry.fileCount, 3);
    deepEqual((await given.readAll(entry)).subarray(0, A.length), A);
  }
});

test("padding is zeros, and no file for it need be there", async () => {
  const padding = new Uint8Array(3 * PIECE_BYTES - A.length);
  await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
  const torrent = givenTorrent(
    { a: A, ".pad/16379": padding, "b/c": C },
    {
      fileOf: (path) => ({ padding: path.startsWith(".pad") }),
    },
  );
  const { entry } = await adopt(given, torrent, { at: ["d"] });
  deepEqual(await given.readAll(entry), Buffer.concat([A, padding, C]));
  deepEqual([entry.contentBytes, entry.fileCount], [A.length + C.length, 2]);
});

test("a file that lies where padding would be is not looked at", async () => {
  const padding = new Uint8Array(3 * PIECE_BYTES - A.length);
  await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
  given.directory.write("d/.pad/16379", randomBytes(padding.length));
  const torrent = givenTorrent(
    { a: A, ".pad/16379": padding, "b/c": C },
    {
      fileOf: (path) => ({ padding: path.startsWith(".pad") }),
    },
  );
  const { entry } = await adopt(given, torrent, { at: ["d"] });
  deepEqual(await given.readAll(entry), Buffer.concat([A, padding, C]));
});

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`a link that a ${version} torrent has need not be there`, async () => {
    await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
    const torrent = givenTorrent(
      { ...TREE, "z/link": Buffer.of() },
      {
        version,
        fileOf: (path) => (path === "z/link" ? { symlink: ["b", "c"] } : {}),
      },
    );
    ok(torrent.metainfo.files.some(({ symlink }) => symlink?.join("/") === "b/c"));
    const { entry } = await adopt(given, torrent, { at: ["d"] });
    deepEqual((await given.readAll(entry)).subarray(0, A.length), A);
  });
}

test("other files beside the torrent's are let be", async () => {
  await using given = await GivenStore.start({ "d/a": A, "d/b/c": C, "d/b/.part": "x" });
  writeFileSync(Buffer.from(`${given.directory.path}/d/caf\xe9`, "latin1"), "x");
  mkdirSync(given.directory.at("d/empty"));
  const { entry } = await adopt(given, givenTorrent(TREE), { at: ["d"] });
  deepEqual(await given.readAll(entry), Buffer.concat([A, C]));
  rmSync(given.directory.at("d/b/.part"));
  await given.restart();
  deepEqual(await given.readAll(entry), Buffer.concat([A, C]));
});

test("a v2 torrent without its piece layers is refused, in words", async () => {
  await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
  const torrent = withoutLayers(givenTorrent(TREE, { version: "v2" }));
  for (const check of ["now", "background", "first-use"] as const) {
    await rejects(adopt(given, torrent, { at: ["d"], check }), (error: Error) => {
      ok(/it has no piece layers, .*take a \.torrent that has them/.test(error.message));
      return remote("metainfo-unusable")(error);
    });
  }
  deepEqual(await given.catalogued(), []);
});

test("a hybrid without its piece layers is adopted by its other hashes", async () => {
  await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
  const torrent = withoutLayers(givenTorrent(TREE, { version: "hybrid" }));
  const { entry } = await adopt(given, torrent, { at: ["d"] });
  deepEqual((await given.readAll(entry)).subarray(0, A.length), A);
});

const unusable = [
  { given: "it is absent", put: null },
  { given: "it is no metainfo", put: Buffer.from("de") },
  { given: "it is another torrent's", put: givenTorrent({ a: A }).bytes },
] as const;

for (const { given: situation, put } of unusable) {
  test(`adopting is refused where the metainfo is unusable: ${situation}`, async () => {
    await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
    const { infoHash } = givenTorrent(TREE).metainfo;
    if (put !== null) await given.catalog.putMetainfo(infoHash, put);
    const adoption = { infoHash, check: "now" } as const;
    const job = await given.submitTo(["d"], { kind: "adopt", adoption });
    await rejects(given.resultOf(job), remote("metainfo-unusable"));
    deepEqual(await given.catalogued(), []);
  });
}

test("metainfo that goes while the bytes are checked leaves no entry without any", async () => {
  await using given = await GivenStore.start({ "d/a": A, "d/b/c": C });
  const { metainfo, bytes } = givenTorrent(TREE);
  const { infoHash } = metainfo;
  await given.catalog.putMetainfo(infoHash, bytes);
  const adoption = { infoHash, check: "now" } as const;
  const job = await given.submitTo(["d"], { kind: "adopt", adoption });
  const removed = new Set<InfoHash>();
  const result = given.resultOf(job, ({ phase }) => {
    if (phase !== "checking" || removed.has(infoHash)) return;
    removed.add(infoHash);
    void given.catalog.remove(infoHash);
  });
  await rejects(result, remote("metainfo-unusable"));
  deepEqual(await given.catalogued(), []);
});

/** As a client saves it that came by a magnet link: the info dictionary alone. */
function withoutLayers({ metainfo }: Torrent): Torrent {
  const bytes = Buffer.concat([Buffer.from("d4:info"), metainfo.infoBytes, Buffer.from("e")]);
  const tree = scanBencode(bytes, { bytesMax: 100_000, depthMax: 10, tokensMax: 1_000 });
  ok(!("kind" in tree) && rawOf(rootOf(tree)).length === bytes.length);
  return { metainfo, bytes };
}
