import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { layoutTorrent } from "./layout-torrent.ts";
import { makeMetainfo } from "./make-metainfo.ts";
import { metainfoFromInfo } from "./metainfo-from-info.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { pieceLayer } from "./piece-layer.ts";
import { rootOfPieceRoots } from "./piece-root.ts";

test("metainfoFromInfo() makes the file again that an info dictionary is of", () => {
  const shape = {
    version: "v2",
    pieceLengthBytes: 16_384,
    files: [
      { path: ["b"], lengthBytes: 40_000 },
      { path: ["a"], lengthBytes: 70_000 },
    ],
  } as const;
  const { files, pieceCount } = layoutTorrent(shape);
  const pieceRoots = Buffer.from(Array.from({ length: pieceCount * 32 }, (_, at) => at));
  const bytes = makeMetainfo({ ...shape, name: "two", single: false, files, pieceRoots });
  const whole = parseMetainfo(bytes);
  ok(whole.kind === "metainfo");
  const layers = whole.files.flatMap((file) => {
    const layer = pieceLayer(whole, file);
    return layer === null ? [] : [[rootOfPieceRoots(layer, 16_384), layer] as const];
  });
  // In whatever order peers gave them.
  const again = parseMetainfo(metainfoFromInfo(whole.infoBytes, layers.toReversed()));
  deepEqual(again, { ...whole, createdBy: null, creationDateSeconds: null });

  const without = parseMetainfo(metainfoFromInfo(whole.infoBytes, []));
  ok(without.kind === "metainfo");
  deepEqual([without.infoHash, without.pieceRoots], [whole.infoHash, null]);
});
