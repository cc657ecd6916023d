import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { chosenPieces, isChosen } from "./chosen-pieces.ts";

const PATHS = ["README.md", "data/train/a.bin", "data/test/a.bin", "data/test/[b].bin", "名前.md"];

const choices: readonly (readonly [pattern: string, chosen: readonly number[]])[] = [
  ["*", [0, 1, 2, 3, 4]],
  ["**", [0, 1, 2, 3, 4]],
  ["*.md", [0, 4]],
  ["a.bin", [1, 2]],
  ["data", [1, 2, 3]],
  ["test", [2, 3]],
  ["data/test/", [2, 3]],
  ["/data/test", [2, 3]],
  ["./README.md", [0]],
  ["data/*", [1, 2, 3]],
  ["data/*.bin", []],
  ["data/**/a.bin", [1, 2]],
  ["?.bin", [1, 2]],
  ["data/t*/a.bin", [1, 2]],
  ["train/a.bin", []],
  ["../data", []],
  ["名前.*", [4]],
  ["readme.md", []],
];

for (const [pattern, chosen] of choices) {
  test(`isChosen() given the pattern ${pattern}`, () => {
    const found = PATHS.flatMap((path, at) => (isChosen(path.split("/"), [pattern]) ? [at] : []));
    deepEqual(found, chosen);
  });
}

/** Pieces of 10 bytes: a 0–1, b 1–3, a file of nothing, c 4 behind padding. */
const TORRENT = {
  ...{ pieceCount: 5, pieceLengthBytes: 10 },
  files: [
    file("a", 0, 15),
    file("b", 15, 20),
    file("nothing", 35, 0),
    { ...file("pad", 35, 5), padding: true },
    file("c", 40, 10),
  ],
};

function file(name: string, offsetBytes: number, lengthBytes: number) {
  return {
    ...{ path: [name], offsetBytes, lengthBytes, padding: false, executable: false },
    ...{ hidden: false, symlink: null, piecesRoot: null },
  };
}

test("chosenPieces() given files wants their pieces, also those they share with others", () => {
  const { wanted, first } = chosenPieces(TORRENT, { only: ["b"], first: [] });
  deepEqual([[...wanted.pieces()], first.count], [[1, 2, 3], 0]);
});

test("chosenPieces() given files by their places counts all, those that are padding too", () => {
  const choice = { only: ["a"], files: [[2, 4]] as const, first: [] };
  deepEqual([...chosenPieces(TORRENT, choice).wanted.pieces()], [0, 1, 4]);
  const rows = [
    [4, 99],
    [1, 2],
    [4, 4],
    [3, 0],
  ] as const;
  const overlapping = { only: [], files: rows, first: [] };
  deepEqual([...chosenPieces(TORRENT, overlapping).wanted.pieces()], [1, 2, 3, 4]);
  const beyond = { only: [], files: [[5, 9]] as const, first: [] };
  equal(chosenPieces(TORRENT, beyond).wanted.count, 0);
});

test("chosenPieces() given nothing to leave out wants all, and some of it first", () => {
  const { wanted, first } = chosenPieces(TORRENT, { only: [], first: ["c", "nothing", "pad"] });
  deepEqual([wanted.isFull, [...first.pieces()]], [true, [4]]);
});

test("chosenPieces() given patterns that fit no file wants nothing", () => {
  equal(chosenPieces(TORRENT, { only: ["d"], first: [] }).wanted.count, 0);
});
