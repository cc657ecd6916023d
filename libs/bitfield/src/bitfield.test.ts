import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitfield, bitfieldBytes } from "./bitfield.ts";

test("Bitfield.parse() reads the high bit of the first byte as piece 0 (BEP 3)", () => {
  const bitfield = Bitfield.parse(Uint8Array.of(0b1000_0001, 0b0100_0000), 10);
  const there = Array.from({ length: 10 }, (_, piece) => bitfield?.has(piece));
  deepEqual(
    there.flatMap((has, piece) => (has ? [piece] : [])),
    [0, 7, 9],
  );
});

const refused = [
  { given: "a byte too few", bytes: [0xff], pieceCount: 9 },
  { given: "a byte too many", bytes: [0xff, 0, 0], pieceCount: 9 },
  { given: "a spare bit that is set", bytes: [0xff, 0b1100_0000], pieceCount: 9 },
  { given: "no bytes for one piece", bytes: [], pieceCount: 1 },
];

for (const { given, bytes, pieceCount } of refused) {
  test(`Bitfield.parse() given ${given} is null`, () => {
    equal(Bitfield.parse(Uint8Array.from(bytes), pieceCount), null);
  });
}

test("Bitfield.full() and empty() parse back for every piece count", () => {
  for (let pieceCount = 0; pieceCount <= 65; pieceCount += 1) {
    const full = Bitfield.parse(Bitfield.full(pieceCount).toBytes(), pieceCount);
    equal(full?.count, pieceCount);
    equal(full?.isFull, true);
    equal(Bitfield.empty(pieceCount).toBytes().length, bitfieldBytes(pieceCount));
  }
});

const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 200 });

test("Bitfield agrees with a set of numbers whatever is added and removed", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const bitfield = Bitfield.empty(41);
      const model = new Set<number>();
      for (const [adding, piece] of all) {
        if (adding) equal(bitfield.add(piece), !model.has(piece));
        else equal(bitfield.remove(piece), model.has(piece));
        if (adding) model.add(piece);
        else model.delete(piece);
        equal(bitfield.count, model.size);
      }
      const parsed = Bitfield.parse(bitfield.toBytes(), 41);
      for (let piece = -1; piece <= 41; piece += 1) equal(parsed?.has(piece), model.has(piece));
    }),
  );
});

test("Bitfield.next() goes through the pieces that are there", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40)), (pieces) => {
      const bits = Bitfield.empty(41);
      for (const piece of pieces) bits.add(piece);
      const seen: number[] = [];
      for (let at = bits.next(0); at !== null; at = bits.next(at + 1)) seen.push(at);
      deepEqual(
        seen,
        pieces.toSorted((a, b) => a - b),
      );
    }),
  );
});
