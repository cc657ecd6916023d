import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { AHEAD_PIECES_MAX, ReadAhead } from "./read-ahead.ts";

const MIB = 1024 * 1024;

const cases = [
  { given: "pieces at random", pieceLengthBytes: MIB, reads: [5, 90, 3], then: [[], [], []] },
  {
    given: "pieces in order",
    pieceLengthBytes: 4 * MIB,
    reads: [5, 5, 6, 7, 7],
    then: [[], [], [7, 8], [9], []],
  },
  {
    given: "the end of the torrent",
    pieceLengthBytes: 4 * MIB,
    reads: [97, 98, 99],
    then: [[], [99], []],
  },
  { given: "long pieces", pieceLengthBytes: 16 * MIB, reads: [0, 1, 2], then: [[], [2], [3]] },
  {
    given: "short pieces",
    pieceLengthBytes: 16_384,
    reads: [0, 1],
    then: [[], Array.from({ length: AHEAD_PIECES_MAX }, (_, index) => index + 2)],
  },
  {
    given: "a jump and order again",
    pieceLengthBytes: 8 * MIB,
    reads: [0, 1, 50, 51],
    then: [[], [2], [], [52]],
  },
] as const;

for (const { given, pieceLengthBytes, reads, then } of cases) {
  test(`ReadAhead.reads() given ${given}`, () => {
    const ahead = new ReadAhead();
    const told = reads.map((piece) => [
      ...ahead.reads(piece, { pieceCount: 100, pieceLengthBytes }),
    ]);
    deepEqual(told, then);
  });
}
