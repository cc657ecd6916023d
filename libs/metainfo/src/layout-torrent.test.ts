import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layoutTorrent } from "./layout-torrent.ts";
import type { TorrentVersion } from "./metainfo.ts";
import { anyDraft } from "./testing.ts";

const K = 16_384;

type Row = readonly [path: string, lengthBytes: number];

/** The layout as rows of path and length, in pieces of 16 KiB. */
function rows(version: TorrentVersion, given: readonly Row[]): Row[] {
  const files = given.map(([path, lengthBytes]) => ({ path: path.split("/"), lengthBytes }));
  const layout = layoutTorrent({ version, pieceLengthBytes: K, files });
  return layout.files.map(({ path, lengthBytes }): Row => [path.join("/"), lengthBytes]);
}

const three: readonly Row[] = [
  ["z", K + 1],
  ["d/e", 0],
  ["d!", 5],
];

const cases: readonly {
  given: string;
  version: TorrentVersion;
  files: readonly Row[];
  then: readonly Row[];
}[] = [
  { given: "v1", version: "v1", files: three, then: three },
  {
    given: "v2",
    version: "v2",
    files: three,
    then: [
      ["d/e", 0],
      ["d!", 5],
      [".pad/16379", K - 5],
      ["z", K + 1],
      [".pad/16383", K - 1],
    ],
  },
  {
    given: "a hybrid",
    version: "hybrid",
    files: [...three.slice(1), [".pad/7", 2 * K], ["z", 2 * K]],
    then: [
      [".pad/7", 2 * K],
      ["d/e", 0],
      ["d!", 5],
      [".pad/16379", K - 5],
      ["z", 2 * K],
    ],
  },
  { given: "a hybrid of one file", version: "hybrid", files: [["d/a", 5]], then: [["d/a", 5]] },
  {
    given: "v2 of one file",
    version: "v2",
    files: [["a", 5]],
    then: [
      ["a", 5],
      [".pad/16379", K - 5],
    ],
  },
];

for (const { given, version, files, then } of cases) {
  test(`layoutTorrent() given ${given}`, () => deepEqual(rows(version, files), then));
}

test("layoutTorrent() leaves no gap, begins v2 files with a piece, and keeps a layout", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const { version = "v1", pieceLengthBytes } = draft;
      const layout = layoutTorrent({ ...draft, version });
      let offsetBytes = 0;
      for (const file of layout.files) {
        equal(file.offsetBytes, offsetBytes);
        const aligned =
          file.padding || file.lengthBytes === 0 || offsetBytes % pieceLengthBytes === 0;
        ok(version === "v1" || aligned);
        offsetBytes += file.lengthBytes;
      }
      equal(layout.sizeBytes, offsetBytes);
      equal(layout.pieceCount, Math.ceil(offsetBytes / pieceLengthBytes));
      deepEqual(layoutTorrent({ version, pieceLengthBytes, files: layout.files }), layout);
    }),
  );
});
