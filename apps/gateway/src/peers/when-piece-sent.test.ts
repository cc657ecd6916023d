import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { whenPieceSent } from "./when-piece-sent.ts";

test("whenPieceSent() tells of each piece once all its bytes were sent, the last one too", () => {
  const told: number[] = [];
  const shape = { pieceCount: 2, pieceLengthBytes: 100, sizeBytes: 140 };
  const sent = whenPieceSent(shape, (piece) => told.push(piece));
  sent(0, 60);
  sent(1, 30);
  deepEqual(told, []);
  sent(0, 40);
  deepEqual(told, [0]);
  sent(1, 10);
  sent(0, 60);
  deepEqual(told, [0, 1]);
});
