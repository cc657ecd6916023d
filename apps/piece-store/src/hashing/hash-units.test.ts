import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import type { TorrentVersion } from "@seedfleet/metainfo";
import { assertPieces, type HashUnit, hashUnits, pieceCountOf, UNIT_BYTES } from "./hash-units.ts";
import { AWKWARD_SIZES, givenLayout } from "./testing.ts";

const MIB = 1024 * 1024;

function given(sizes: readonly number[], version: TorrentVersion, pieceLengthBytes = 65_536) {
  const layout = givenLayout(sizes, { version, pieceLengthBytes });
  return { layout, version, pieceLengthBytes };
}

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`hashUnits() covers every byte of a ${version} torrent once, in order`, () => {
    const sizes = [...AWKWARD_SIZES, 40 * MIB + 5, 1, 30 * MIB, ...AWKWARD_SIZES];
    const pieces = given(sizes, version);
    const units = [...hashUnits(pieces, 0)];
    const read = new Map<number, number>();
    let piece = 0;
    for (const { firstPiece, pieceCount, runs } of units) {
      equal(firstPiece, piece);
      piece += pieceCount;
      for (const { contentFile, offsetBytes, lengthBytes } of runs) {
        if (contentFile === null) continue;
        equal(offsetBytes, read.get(contentFile) ?? 0);
        read.set(contentFile, offsetBytes + lengthBytes);
      }
    }
    equal(piece, pieceCountOf(pieces));
    deepEqual(
      sizes.map((_, file) => read.get(file) ?? 0),
      sizes,
    );
    const contentBytes = units.reduce((sum, unit) => sum + unit.contentBytes, 0);
    equal(
      contentBytes,
      sizes.reduce((sum, size) => sum + size),
    );
    ok(units.length > 8);
  });

  test(`hashUnits() from any piece of a ${version} torrent gives what is left of it`, () => {
    const pieces = given(AWKWARD_SIZES, version);
    const whole = bytesOf(hashUnits(pieces, 0));
    const pieceCount = pieceCountOf(pieces);
    for (let first = 0; first <= pieceCount; first += 1) {
      const below = pieces.layout.files
        .filter(({ padding }) => !padding)
        .map(({ offsetBytes, lengthBytes }) =>
          Math.max(0, Math.min(lengthBytes, first * pieces.pieceLengthBytes - offsetBytes)),
        );
      const left = whole.slice(below.reduce((sum, bytes) => sum + bytes));
      ok(bytesOf(hashUnits(pieces, first)).equals(left), `from piece ${first}`);
    }
  });
}

test("hashUnits() makes a unit of one long piece", () => {
  const units = [...hashUnits(given([64 * MIB + 1], "v2", 32 * MIB), 0)];
  deepEqual(
    units.map(({ firstPiece, pieceCount, runs }) => [firstPiece, pieceCount, runs.length]),
    [
      [0, 1, 1],
      [1, 1, 1],
      [2, 1, 1],
    ],
  );
});

test("hashUnits() counts what a small file costs, and skips what has no bytes", () => {
  const files = 2_000;
  const sizes = Array.from({ length: 2 * files }, (_, file) => (file % 2 === 0 ? 0 : 1));
  const units = [...hashUnits(given(sizes, "v1", 16), 0)];
  equal(
    units.reduce((sum, { runs }) => sum + runs.length, 0),
    files,
  );
  const most = Math.max(...units.map(({ runs }) => runs.length));
  ok(most <= UNIT_BYTES.least / 16_384 + 16, `${most} files in a unit`);
});

test("hashUnits() leaves padding out of v2, and in hybrids keeps it", () => {
  const paddings = (version: TorrentVersion): number =>
    [...hashUnits(given([1, 65_536, 1], version), 0)]
      .flatMap(({ runs }) => runs)
      .filter(({ contentFile }) => contentFile === null).length;
  deepEqual([paddings("v2"), paddings("hybrid")], [0, 2]);
});

const wrong = [
  { given: "v2 pieces of no power of two", version: "v2", pieceLengthBytes: 49_152 },
  { given: "v2 pieces shorter than a block", version: "hybrid", pieceLengthBytes: 8_192 },
  { given: "no piece length", version: "v1", pieceLengthBytes: 0 },
] as const;

for (const { given: situation, version, pieceLengthBytes } of wrong) {
  test(`assertPieces() refuses ${situation}`, () => {
    throws(() => assertPieces({ layout: { files: [], sizeBytes: 0 }, version, pieceLengthBytes }));
  });
}

/** A byte for each byte of content, which tells its file and place from those around it. */
function bytesOf(units: Iterable<HashUnit>): Buffer {
  const runs = [...units].flatMap((unit) => unit.runs);
  return Buffer.concat(
    runs.map(({ contentFile, offsetBytes, lengthBytes }) => {
      if (contentFile === null) return Buffer.alloc(0);
      const bytes = Buffer.alloc(lengthBytes);
      for (let at = 0; at < lengthBytes; at += 1) bytes[at] = contentFile * 83 + offsetBytes + at;
      return bytes;
    }),
  );
}
