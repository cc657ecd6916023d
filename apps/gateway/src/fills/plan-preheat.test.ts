import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { framedLength } from "../blocks/framed-piece.ts";
import { givenTorrent } from "../testing-torrent.ts";
import { planPreheat } from "./plan-preheat.ts";

/** Five pieces, of which the last is shorter. */
const { metainfo } = givenTorrent("one", { sizeBytes: 300_000, pieceLengthBytes: 65_536 });
const LAST = 300_000 - 4 * 65_536;
const HELD = framedLength(65_536);
const PLENTY = 10_000_000;

const cases = [
  {
    given: "a cache that holds the torrent",
    asked: null,
    cacheBytes: 4 * HELD + framedLength(LAST),
    then: { first: 0, pieceCount: 5, bytes: 300_000, leftOutPieces: 0 },
  },
  {
    given: "a cache that is a byte too small for it",
    asked: null,
    cacheBytes: 4 * HELD + framedLength(LAST) - 1,
    then: { first: 0, pieceCount: 4, bytes: 4 * 65_536, leftOutPieces: 1 },
  },
  {
    given: "a cache that holds no piece",
    asked: null,
    cacheBytes: HELD - 1,
    then: { first: 0, pieceCount: 0, bytes: 0, leftOutPieces: 5 },
  },
  {
    given: "some pieces",
    asked: { first: 1, last: 2 },
    cacheBytes: PLENTY,
    then: { first: 1, pieceCount: 2, bytes: 2 * 65_536, leftOutPieces: 0 },
  },
  {
    given: "the last piece",
    asked: { first: 4, last: 4 },
    cacheBytes: PLENTY,
    then: { first: 4, pieceCount: 1, bytes: LAST, leftOutPieces: 0 },
  },
  { given: "a piece that is none", asked: { first: 0, last: 5 }, cacheBytes: PLENTY, then: null },
  { given: "its end first", asked: { first: 2, last: 1 }, cacheBytes: PLENTY, then: null },
] as const;

for (const { given, asked, cacheBytes, then } of cases) {
  test(`planPreheat() given ${given}`, () => {
    deepEqual(planPreheat(metainfo, asked, cacheBytes), then);
  });
}
