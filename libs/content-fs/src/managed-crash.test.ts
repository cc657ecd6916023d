import { deepEqual, equal, ok } from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { FsManagedContentStore } from "./managed-content-store.ts";
import { givenTorrent, lookAt, printedUntilKilled, WRITE_ABSENT } from "./managed-testing.ts";
import { GivenDirectory } from "./testing.ts";

const sizes = { a: 500_000, "sub/b": 300, "sub/c": 2_500_000, "sub/deep/d": 1_000_000 };
const pieceLengthBytes = 4_096;
const TORRENT = givenTorrent(sizes, pieceLengthBytes);

/** Creates a torrent and removes it, again and again. */
const CREATE_AND_REMOVE = `
  for (let time = 0; ; time += 1) {
    await store.create(torrent.key, torrent.shape);
    print(time);
    await store.remove(torrent.key);
    print(time);
  }
`;

test("a piece that was told to be there is there after kill -9, and none is wrong", async () => {
  using directory = new GivenDirectory();
  const work = { root: directory.path, sizes, pieceLengthBytes, script: WRITE_ABSENT };
  let before: readonly number[] = [];
  for (let after = 1; before.length < TORRENT.shape.pieceCount; after += 67) {
    const told = [...before, ...(await printedUntilKilled(work, { after }))];
    await using store = new FsManagedContentStore(directory.path);
    const content = await store.open(TORRENT.key);
    ok(content !== null);
    const { there, wrong } = await lookAt(content, TORRENT);
    const lost = told.filter((piece) => !there.includes(piece));
    deepEqual({ wrong, lost, fault: content.recordFault }, { wrong: [], lost: [], fault: null });
    // Pieces that were there but not told any more must stay there too.
    before = there;
  }
});

test("a torrent is there whole or not at all after kill -9", async () => {
  for (const after of [1, 2, 3, 4, 5, 6]) {
    using directory = new GivenDirectory();
    const work = { root: directory.path, sizes, pieceLengthBytes, script: CREATE_AND_REMOVE };
    await printedUntilKilled(work, { after });
    await using store = new FsManagedContentStore(directory.path);
    const keys = await store.list();
    const content = await store.open(TORRENT.key);
    deepEqual([keys.length, content?.recordFault], content ? [1, null] : [0, undefined]);
    for (const { path, sizeBytes } of content?.files ?? []) {
      equal(statSync(directory.at([TORRENT.key, "content", ...path].join("/"))).size, sizeBytes);
    }
    equal((await store.create(TORRENT.key, TORRENT.shape)).havePieces, 0);
  }
});
