import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PieceSeals, type PlacedPiece, SEAL_KEY_BYTES, type SealedPieces } from "./piece-seals.ts";

const seals = new PieceSeals(new Uint8Array(SEAL_KEY_BYTES).fill(7));
const place = { torrent: 3, index: 2, pieceCount: 5 };

const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
const anyCuts = fc.array(fc.nat(200), { maxLength: 3 });

test("PieceSeals knows the bytes again however they are cut, and no others", () => {
  fc.assert(
    fc.property(anyBytes, anyCuts, anyCuts, fc.nat(), (bytes, cuts, otherCuts, flip) => {
      const sealed: SealedPieces = { bytes: null };
      equal(fits(sealed, place, [bytes]), false);
      seals.keep(sealed, place, sealOf(place, cut(bytes, cuts)));
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
]) {
  test(`PieceSeals given piece ${at.index} of torrent ${at.torrent} does not know it`, () => {
    const seal = sealOf(place, BYTES);
    const sealed: SealedPieces = { bytes: null };
    seals.keep(sealed, at, seal);
    equal(fits(sealed, at, BYTES), false);
    equal(fits(sealed, { ...place, index: 4 }, BYTES), false);
  });
}

test("PieceSeals given another process's key does not know the bytes", () => {
  const sealed: SealedPieces = { bytes: null };
  seals.keep(sealed, place, sealOf(place, BYTES));
  const other = new PieceSeals(new Uint8Array(SEAL_KEY_BYTES).fill(8));
  equal(fits(sealed, place, BYTES, { by: other }), false);
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
  const kept = options.by.kept(sealed, at);
  return kept !== null && Buffer.compare(kept, sealOf(at, chunks, options)) === 0;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((at) => at % (bytes.length + 1)), bytes.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
