import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { fileSpans, formatMagnet, layoutTorrent, makeMetainfo, parseMetainfo } from "./index.ts";

test("the example of README.md holds", () => {
  const shape = {
    version: "v2",
    pieceLengthBytes: 16_384,
    files: [
      { path: ["opening.txt"], lengthBytes: 10 },
      { path: ["day 1", "keynote.mkv"], lengthBytes: 20_000 },
    ],
  } as const;
  const { files, pieceCount } = layoutTorrent(shape);
  equal(pieceCount, 3);
  deepEqual(files[0]?.path, ["day 1", "keynote.mkv"]);
  const pieceRoots = new Uint8Array(pieceCount * 32).fill(1);
  const trackers = [["https://tracker.example/announce"]];
  const bytes = makeMetainfo({
    ...shape,
    name: "talks",
    single: false,
    files,
    pieceRoots,
    trackers,
  });

  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  deepEqual(fileSpans(metainfo, 19_999, 2), [
    { file: 0, offsetBytes: 19_999, lengthBytes: 1 },
    { file: 1, offsetBytes: 0, lengthBytes: 1 },
  ]);
  ok(metainfo.files[1]?.padding);
  const { infoHash, infoHashV2, name } = metainfo;
  equal(
    formatMagnet({ infoHash, infoHashV2, name }),
    `magnet:?xt=urn:btmh:1220${infoHashV2}&dn=talks`,
  );
});
