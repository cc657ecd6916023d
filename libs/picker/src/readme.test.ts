import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "@seedfleet/bitfield";
import { PiecePicker } from "./index.ts";
import { seededChance } from "./testing.ts";

test("the example of README.md holds", () => {
  const shape = { pieceCount: 4, pieceLengthBytes: 32_768, sizeBytes: 131_072 };
  const config = { shape, there: Bitfield.empty(4), order: "rarest" } as const;
  const picker = new PiecePicker(config, seededChance(1));
  const peer = picker.join();
  picker.have(peer, 2);
  deepEqual(picker.pick(peer, 8), [
    { piece: 2, begin: 0, length: 16_384 },
    { piece: 2, begin: 16_384, length: 16_384 },
  ]);
});
