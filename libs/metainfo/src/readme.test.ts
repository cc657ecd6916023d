import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { fileSpans, formatMagnet, makeMetainfo, parseMetainfo } from "./index.ts";

test("the example of README.md holds", () => {
  const bytes = makeMetainfo({
    name: "talks",
    single: false,
    files: [
      { path: ["opening.txt"], lengthBytes: 10 },
      { path: ["day 1", "keynote.mkv"], lengthBytes: 20_000 },
    ],
    pieceLengthBytes: 16_384,
    pieceHashes: new Uint8Array(40),
    trackers: [["https://tracker.example/announce"]],
  });
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo");
  deepEqual(fileSpans(metainfo, 0, 16), [
    { file: 0, offsetBytes: 0, lengthBytes: 10 },
    { file: 1, offsetBytes: 0, lengthBytes: 6 },
  ]);
  equal(
    formatMagnet({ infoHash: metainfo.infoHash, name: metainfo.name }),
    `magnet:?xt=urn:btih:${metainfo.infoHash}&dn=talks`,
  );
});
