import { equal, throws } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { PieceSample } from "./piece-sample.ts";

const PIECE = Uint8Array.from({ length: 30 }, (_, at) => at);
const LAST = PIECE.subarray(0, 10);

const metainfo = {
  files: [],
  pieceRoots: null,
  pieceCount: 2,
  pieceLengthBytes: PIECE.length,
  sizeBytes: PIECE.length + LAST.length,
  pieceHashes: Buffer.concat([hash("sha1", PIECE, "buffer"), hash("sha1", LAST, "buffer")]),
};

test("PieceSample verifies a piece whose parts come in any order, again and again", () => {
  const sample = new PieceSample(metainfo);
  for (const verified of [1, 2]) {
    sample.add(0, 20, PIECE.subarray(20));
    sample.add(0, 0, PIECE.subarray(0, 20));
    equal(sample.verifiedCount, verified);
  }
  sample.add(1, 0, LAST);
  equal(sample.verifiedCount, 3);
});

test("PieceSample throws on a wrong byte, and on parts in a wrong place", () => {
  const wrong = PIECE.with(7, 99);
  throws(() => new PieceSample(metainfo).add(0, 0, wrong), { message: /piece 0 .*wrong bytes/ });
  const sample = new PieceSample(metainfo);
  sample.add(0, 0, PIECE.subarray(0, 15));
  throws(() => sample.add(0, 0, PIECE.subarray(15)), { message: /wrong bytes/ });
});
