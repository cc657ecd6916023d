import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { BLOCK_BYTES } from "./block-map.ts";
import { PiecePicker } from "./piece-picker.ts";
import { seededChance } from "./testing.ts";

const PIECES = 8;
const SHAPE = {
  ...{ pieceCount: PIECES, pieceLengthBytes: BLOCK_BYTES },
  sizeBytes: PIECES * BLOCK_BYTES,
};

test("a seed that lost a piece counts piece by piece, also once it has it again", () => {
  const config = { shape: SHAPE, there: Bitfield.empty(PIECES), order: "rarest" } as const;
  const picker = new PiecePicker(config, seededChance(1));
  const peer = picker.join();
  picker.setPieces(peer, Bitfield.full(PIECES));
  equal(picker.seeds, 1);
  picker.lost(peer, 3);
  picker.lost(peer, 3);
  equal(picker.seeds, 0);
  deepEqual([picker.availability(2), picker.availability(3)], [1, 0]);
  const picked = picker.pick(peer, PIECES);
  equal(picked.length, PIECES - 1);
  ok(picked.every(({ piece }) => piece !== 3));
  picker.have(peer, 3);
  deepEqual([picker.seeds, picker.availability(3)], [0, 1]);
  deepEqual(
    picker.pick(peer, PIECES).map(({ piece }) => piece),
    [3],
  );
});
