import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseSelection } from "./index.ts";

const cases: readonly (readonly [text: string, ranges: unknown])[] = [
  ["0", [[0, 0]]],
  [
    "0,2,4-6",
    [
      [0, 0],
      [2, 2],
      [4, 6],
    ],
  ],
  [
    " 7 , 9-9",
    [
      [7, 7],
      [9, 9],
    ],
  ],
  ["", null],
  ["1,", null],
  ["6-4", null],
  ["-1", null],
  ["1-", null],
  ["1-2-3", null],
  ["0x1", null],
  ["9999999999", null],
];

for (const [text, ranges] of cases) {
  test(`parseSelection() given "${text}"`, () => {
    deepEqual(parseSelection(text), ranges);
  });
}
