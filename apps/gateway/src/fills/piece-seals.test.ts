import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FRAMED_STRETCH_BYTES, STRETCH_BYTES } from "../blocks/stretch.ts";
import { PieceSeals, type PlacedPiece, SEAL_KEY_BYTES, SealedPieces } from "./piece-seals.ts";

const seals = new PieceSeals(new Uint8Array(SEAL_KEY_BYTES).fill(7));
const place = { torrent: 3, index: 2, lengthBytes: 200 };
const SHAPE = { pieceLengthBytes: 200 };

const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
const anyCuts = fc.array(fc.nat(200), { maxLength: 3 });

test("PieceSeals knows the bytes again however they are cut, and no others", () => {
  fc.assert(
    fc.property(anyBytes, anyCuts, anyCuts, fc.nat(), (bytes, cuts, otherCuts, flip) => {
      const sealed = new SealedPieces(SHAPE);
      equal(fits(sealed, place, [bytes]), false);
      sealed.keep(place.index, sealOf(place, cut(bytes, cuts)));
      equal(fits(sealed, place, cut(bytes, otherCuts)), true);
      const wrong = bytes.slice();
      wrong[flip % bytes.length] = (wrong[flip % bytes.length] ?? 0) ^ 0x10;
      equal(fits(sealed, place, [wrong]), false);
      equal(fits(sealed, place, [bytes, Uint8Array.of(0)]), false);
      equal(fits(sealed, place, [bytes.subarray(1)]), false);
    }),
  );
});

const BYTES = [Uint8Array.of(1, 2, 3)];

for (const at of [
  { ...place, index: 1 },
  { ...place, torrent: 4 },
  { ...place, torrent: 3 + 2 ** 32 },
]) {
  test(`PieceSeals given piece ${at.index} of torrent ${at.torrent} does not know it`, () => {
    const seal = sealOf(place, BYTES);
    const sealed = new SealedPieces(SHAPE);
    sealed.keep(at.index, seal);
    equal(fits(sealed, at, BYTES), false);
    equal(fits(sealed, { ...place, index: 4 }, BYTES), false);
  });
}

test("PieceSeals given another process's key does not know the bytes", () => {
  const sealed = new SealedPieces(SHAPE);
  sealed.keep(place.index, sealOf(place, BYTES));
  const other = new PieceSeals(new Uint8Array(SEAL_KEY_BYTES).fill(8));
  equal(fits(sealed, place, BYTES, { by: other }), false);
});

test("PieceSeals.fits() knows each stretch of a piece by itself, and in its place alone", () => {
  const lengthBytes = 2 * STRETCH_BYTES + 1_000;
  const long = { torrent: 3, index: 70, lengthBytes };
  const framed = Buffer.alloc(2 * FRAMED_STRETCH_BYTES + 1_013, "what it is");
  const sealed = new SealedPieces({ pieceLengthBytes: lengthBytes });
  sealed.keep(70, sealOf(long, cut(framed, [5, 70_000, FRAMED_STRETCH_BYTES, 300_000])));
  const known = [0, 1, 2].map((stretch) => {
    const at = stretch * FRAMED_STRETCH_BYTES;
    const part = { stretch, framed: framed.subarray(at, at + FRAMED_STRETCH_BYTES) };
    return [0, 1, 2].map((other) => {
      const seal = sealed.keptOf(70, other);
      return seal !== null && seals.fits(long, part, seal);
    });
  });
  deepEqual(known, [
    [true, false, false],
    [false, true, false],
    [false, false, true],
  ]);
  framed[FRAMED_STRETCH_BYTES] = 0;
  const second = { stretch: 1, framed: framed.subarray(FRAMED_STRETCH_BYTES, -1_013) };
  equal(seals.fits(long, second, sealed.keptOf(70, 1) ?? new Uint8Array(8)), false);
  deepEqual(
    [sealed.keptOf(69, 0), sealed.kept(71, lengthBytes), sealed.kept(700, 1)],
    Array(3).fill(null),
  );
});

function sealOf(at: PlacedPiece, chunks: readonly Uint8Array[], options = { by: seals }) {
  const sealing = options.by.begin(at);
  for (const chunk of chunks) sealing.push(chunk);
  return sealing.seal();
}

function fits(
  sealed: SealedPieces,
  at: PlacedPiece,
  chunks: readonly Uint8Array[],
  options = { by: seals },
): boolean {
  const kept = sealed.kept(at.index, at.lengthBytes);
  return kept !== null && Buffer.compare(kept, sealOf(at, chunks, options)) === 0;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((at) => at % (bytes.length + 1)), bytes.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
