import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { ManagedContent } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { FsManagedContentStore, MANAGED_LISTS_MAX } from "./managed-content-store.ts";
import { givenTorrent, lookAt } from "./managed-testing.ts";
import { GivenDirectory } from "./testing.ts";

const TORRENT = givenTorrent({ a: 5_000, "sub/b": 3, "sub/deep/c": 70_000, empty: 0 }, 16_384);
const { key, shape } = TORRENT;
const ALL = [0, 1, 2, 3, 4];

test("create() makes every file with its size, and takes no space for it", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.at("not/there/yet"));
  const torrent = givenTorrent({ large: 2 ** 40, "sub/small": 7, empty: 0 }, 2 ** 24);
  const content = await store.create(torrent.key, torrent.shape);
  deepEqual([content.pieceCount, content.havePieces, content.recordFault], [65_537, 0, null]);
  const at = (path: string): string => directory.at(`not/there/yet/${key}/content/${path}`);
  deepEqual(
    ["large", "sub/small", "empty"].map((path) => statSync(at(path)).size),
    [2 ** 40, 7, 0],
  );
  equal(statSync(at("large")).blocks, 0);
});

test("writePiece() writes pieces across files, and another store finds them", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const content = await store.create(key, shape);
  for (const piece of [3, 0, 4]) {
    const writing = content.writePiece(piece, TORRENT.spansOf(piece));
    equal(content.has(piece), false);
    await writing;
    equal(content.has(piece), true);
  }
  deepEqual(await lookAt(content, TORRENT), { there: [0, 3, 4], wrong: [] });
  deepEqual([...content.bitfield()], [0b1001_1000]);
  const again = await reopened(directory);
  deepEqual(await lookAt(again, TORRENT), { there: [0, 3, 4], wrong: [] });
  deepEqual([again.havePieces, again.recordFault, again.files], [3, null, shape.files]);
});

test("writePiece() of many at once, each of them twice, writes them all", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const torrent = givenTorrent({ a: 1_000_000, "sub/b": 2_000_000 }, 1_000);
  const content = await store.create(torrent.key, torrent.shape);
  const pieces = Array.from({ length: 3_000 }, (_, piece) => piece);
  const write = (piece: number): Promise<void> => content.writePiece(piece, torrent.spansOf(piece));
  await Promise.all([...pieces, ...pieces.toReversed()].map(write));
  deepEqual(await lookAt(await reopened(directory), torrent), { there: pieces, wrong: [] });
});

test("markAbsent() forgets a piece at once and for good, and it may be written again", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const content = await store.create(key, shape);
  await Promise.all(ALL.map((piece) => content.writePiece(piece, TORRENT.spansOf(piece))));
  const forgotten = content.markAbsent(2);
  equal(content.has(2), false);
  await forgotten;
  deepEqual((await lookAt(await reopened(directory), TORRENT)).there, [0, 1, 3, 4]);
  await content.writePiece(2, TORRENT.spansOf(2));
  deepEqual(await lookAt(await reopened(directory), TORRENT), { there: ALL, wrong: [] });
});

test("markAbsent() of a piece on its way outlasts it, and does not the one after", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const content = await store.create(key, shape);
  await Promise.all([content.writePiece(1, TORRENT.spansOf(1)), content.markAbsent(1)]);
  deepEqual([content.has(1), content.havePieces, (await reopened(directory)).has(1)], [
    false, 0, false,
  ]); // biome-ignore format: one line reads better
  const writes = [content.markAbsent(1), content.writePiece(1, TORRENT.spansOf(1))];
  await Promise.all(writes);
  deepEqual([content.has(1), (await reopened(directory)).has(1)], [true, true]);
});

test("create() of what is there keeps its pieces, and a second handle sees them come", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const [first, second] = await Promise.all([store.create(key, shape), store.create(key, shape)]);
  await first.writePiece(1, TORRENT.spansOf(1));
  equal(second.has(1), true);
  equal((await store.open(key))?.has(1), true);
});

test("create() of another shape begins anew", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const before = await store.create(key, shape);
  await before.writePiece(1, TORRENT.spansOf(1));
  const other = givenTorrent({ a: 5_000, "sub/d": 75_003 }, 16_384);
  const content = await store.create(key, other.shape);
  deepEqual([content.havePieces, content.recordFault, before.has(1)], [
    0, "it is of other files", false,
  ]); // biome-ignore format: one line reads better
  await rejects(before.writePiece(1, TORRENT.spansOf(1)), isUnwritable);
  await content.writePiece(4, other.spansOf(4));
  const again = await reopened(directory);
  deepEqual(await lookAt(again, other), { there: [4], wrong: [] });
  equal(again.recordFault, null);
});

for (const path of [["..", "b"], ["a", ".."], ["."], ["a/../../b"], [""], ["a\0"], []]) {
  test(`create() refuses the path ${JSON.stringify(path)}, and nothing is there`, async () => {
    using directory = new GivenDirectory();
    await using store = new FsManagedContentStore(directory.path);
    const files = [
      { path: ["good"], sizeBytes: 1 },
      { path, sizeBytes: 1 },
    ];
    await rejects(store.create(key, { files, pieceCount: 1 }), isUnwritable);
    deepEqual(readdirSync(directory.path), []);
  });
}

test("create() of two files at one path fails, and nothing is there", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const files = [
    { path: ["a"], sizeBytes: 1 },
    { path: ["a"], sizeBytes: 1 },
  ];
  await rejects(store.create(key, { files, pieceCount: 1 }), isUnwritable);
  deepEqual(readdirSync(directory.path), []);
});

test("remove() takes the files and the pieces away, from handles too", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const content = await store.create(key, shape);
  await content.writePiece(1, TORRENT.spansOf(1));
  const late = content.writePiece(2, TORRENT.spansOf(2));
  await Promise.all([store.remove(key), late]);
  deepEqual(readdirSync(directory.path), []);
  deepEqual([content.has(1), content.havePieces, ...content.bitfield()], [false, 0, 0]);
  await rejects(content.writePiece(1, TORRENT.spansOf(1)), isUnwritable);
  await rejects(content.read(TORRENT.rangesOf(1), new Uint8Array(16_384)), {
    detail: { code: "content-changed", path: directory.at(`${key}/content/sub/deep/c`) },
  });
  deepEqual([await store.open(key), await store.list()], [null, []]);
  await store.remove(key);
});

test("list() gives what was created, and what was left half done is removed", async () => {
  using directory = new GivenDirectory({
    [`${"cd".repeat(20)}.creating-x/content/a`]: "",
    [`${"ef".repeat(20)}.removing-x/content/b`]: "",
    "other/file": "",
  });
  {
    await using store = new FsManagedContentStore(directory.path);
    const keys = ["ff".repeat(20), key, "01".repeat(20)];
    for (const each of keys) await store.create(each, shape);
    deepEqual(await store.list(), keys.toSorted());
  }
  deepEqual(readdirSync(directory.path).length, 4);
});

test("a file that somebody removed is content-changed, and made again when written", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const content = await store.create(key, shape);
  await content.writePiece(1, TORRENT.spansOf(1));
  rmSync(directory.at(`${key}/content/sub`), { recursive: true });
  const read = content.read(TORRENT.rangesOf(1), new Uint8Array(16_384));
  await rejects(read, { detail: { code: "content-changed", path: pathOfC(directory) } });
  await content.markAbsent(1);
  await content.writePiece(1, TORRENT.spansOf(1));
  deepEqual(await lookAt(content, TORRENT), { there: [1], wrong: [] });
  equal(statSync(pathOfC(directory)).size, 70_000);
});

const links: readonly { readonly given: string; readonly at: string }[] = [
  { given: "the file", at: "content/sub/deep/c" },
  { given: "a directory on the way", at: "content/sub" },
  { given: "the directory of the content", at: "content" },
  { given: "the torrent's own directory", at: "" },
];

for (const { given, at } of links) {
  test(`a link in the place of ${given} is never followed`, async () => {
    using directory = new GivenDirectory();
    using outside = new GivenDirectory({ "content/sub/deep/c": "untouched", c: "untouched" });
    await using store = new FsManagedContentStore(directory.at("root"));
    const content = await store.create(key, shape);
    const path = directory.at(`root/${key}/${at}`).replace(/\/$/, "");
    rmSync(path, { recursive: true });
    symlinkSync(outside.at(at), path);
    await rejects(content.writePiece(1, TORRENT.spansOf(1)), isUnwritable);
    equal(content.has(1), false);
    const read = content.read(TORRENT.rangesOf(1), new Uint8Array(16_384));
    await rejects(read, { detail: { code: "content-changed", path: pathOfC(directory, "root/") } });
    equal(statSync(outside.at("content/sub/deep/c")).size, 9);
    deepEqual(readdirSync(outside.path).toSorted(), ["c", "content"]);
  });
}

test("open() given a link in the place of a torrent is content-unreadable", async () => {
  using directory = new GivenDirectory();
  mkdirSync(directory.at("elsewhere"));
  symlinkSync("elsewhere", directory.at(key));
  await using store = new FsManagedContentStore(directory.path);
  await rejects(store.open(key), /a link lies where it was/);
  deepEqual(await store.list(), []);
});

test("open() given a damaged list of files is content-unreadable; create() mends it", async () => {
  using directory = new GivenDirectory();
  const content = await reopened(directory, true);
  await content.writePiece(1, TORRENT.spansOf(1));
  for (const list of [
    "",
    "{}",
    '{"version":1,"pieceCount":1,"files":[{"path":[".."],"sizeBytes":1}]}',
  ]) {
    writeFileSync(directory.at(`${key}/files.json`), list);
    await using store = new FsManagedContentStore(directory.path);
    await rejects(store.open(key), {
      detail: {
        code: "content-unreadable",
        path: directory.at(key),
        reason: "its files.json is damaged; remove the torrent or fetch it again",
      },
    });
    deepEqual(await lookAt(await store.create(key, shape), TORRENT), { there: [1], wrong: [] });
  }
});

test("open() of very many torrents gives each its own", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  const keys = Array.from({ length: MANAGED_LISTS_MAX + 2 }, (_, index) =>
    index.toString(16).padStart(40, "0"),
  );
  for (const [index, each] of keys.entries()) {
    const { shape } = givenTorrent({ [`${index}`]: 10 }, 10);
    const content = await store.create(each, shape);
    if (index < 2) await content.writePiece(0, [{ file: 0, offsetBytes: 0, bytes: bytes(index) }]);
  }
  for (const [index, each] of keys.entries()) {
    const content = await store.open(each);
    deepEqual([content?.files[0]?.path, content?.has(0)], [[`${index}`], index < 2]);
  }
});

test("freeBytes() is what the system says", async () => {
  using directory = new GivenDirectory();
  await using store = new FsManagedContentStore(directory.path);
  ok((await store.freeBytes()) > 0);
});

test("a store whose directory cannot be made says why", async () => {
  using directory = new GivenDirectory({ file: "" });
  await using store = new FsManagedContentStore(directory.at("file/below"));
  await rejects(store.list(), (error: Error) => {
    match(error.message, /^Cannot write .*file\/below: a link or a file lies where a directory/);
    return true;
  });
});

function bytes(value: number): Uint8Array {
  return new Uint8Array(10).fill(value);
}

async function reopened(directory: GivenDirectory, create = false): Promise<ManagedContent> {
  const store = new FsManagedContentStore(directory.path);
  const content = create ? await store.create(key, shape) : await store.open(key);
  ok(content !== null);
  return content;
}

function pathOfC(directory: GivenDirectory, root = ""): string {
  return directory.at(`${root}${key}/content/sub/deep/c`);
}

function isUnwritable(error: unknown): boolean {
  return errorCode(error) === "content-unwritable";
}
