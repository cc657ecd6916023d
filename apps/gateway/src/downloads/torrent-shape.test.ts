import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { MetainfoFile, TorrentVersion } from "@seedfleet/metainfo";
import { downloadShape } from "./torrent-shape.ts";

const PIECE_BYTES = 65_536;

const PLAIN = { executable: false, hidden: false, symlink: null, piecesRoot: null };

/** The files with padding after each, as a torrent of v2 alone counts them. */
function given(version: TorrentVersion, lengths: readonly number[]) {
  const files: MetainfoFile[] = [];
  let offsetBytes = 0;
  const add = (name: string, lengthBytes: number, padding: boolean): void => {
    files.push({ ...PLAIN, path: [name], lengthBytes, offsetBytes, padding });
    offsetBytes += lengthBytes;
  };
  for (const [at, lengthBytes] of lengths.entries()) {
    add(`${at}`, lengthBytes, false);
    const rest = lengthBytes % PIECE_BYTES;
    if (rest > 0) add(`pad-${at}`, PIECE_BYTES - rest, true);
  }
  const pieceCount = Math.ceil(offsetBytes / PIECE_BYTES);
  return { version, files, pieceCount, pieceLengthBytes: PIECE_BYTES, sizeBytes: offsetBytes };
}

test("downloadShape() of v2 alone has every file's last piece end with the file", () => {
  const { shorter, pieceCount } = downloadShape(
    given("v2", [PIECE_BYTES + 10, 0, PIECE_BYTES, 3, 2 * PIECE_BYTES - 1]),
  );
  equal(pieceCount, 6);
  deepEqual(
    [...(shorter ?? [])],
    [
      [1, 10],
      [3, 3],
      [5, PIECE_BYTES - 1],
    ],
  );
});

for (const version of ["v1", "hybrid"] as const) {
  test(`downloadShape() of ${version} has padding on the wire`, () => {
    equal(downloadShape(given(version, [10, 20])).shorter, undefined);
  });
}
