import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  type Metainfo,
  makeMetainfo,
  parseMetainfo,
  pieceProof,
  pieceRoot,
} from "@seedfleet/metainfo";
import fc from "fast-check";
import { givenTorrent } from "../testing-torrent.ts";
import { takeVerified } from "./take-verified.ts";

const PIECE_BYTES = 512 * 1024;
const SIZE_BYTES = PIECE_BYTES + 100_000;

type Given = { readonly metainfo: Metainfo; readonly content: Buffer };

function givenV2(): Given {
  const { content } = givenTorrent("two", { sizeBytes: SIZE_BYTES, pieceLengthBytes: PIECE_BYTES });
  const roots = [0, PIECE_BYTES].map((at) =>
    pieceRoot(content.subarray(at, at + PIECE_BYTES), PIECE_BYTES, { fileIsOnePiece: false }),
  );
  const metainfo = parseMetainfo(
    makeMetainfo({
      ...{ version: "v2", name: "two", single: true, pieceLengthBytes: PIECE_BYTES },
      files: [{ path: ["two"], lengthBytes: SIZE_BYTES }],
      ...{ pieceHashes: null, pieceRoots: Buffer.concat(roots) },
    }),
  );
  ok(metainfo.kind === "metainfo");
  // On the wire the last piece is whole, too: behind the file there is padding.
  const padding = Buffer.alloc(metainfo.sizeBytes - SIZE_BYTES);
  return { metainfo, content: Buffer.concat([content, padding]) };
}

const TORRENTS: readonly Given[] = [
  givenTorrent("one", { sizeBytes: SIZE_BYTES, pieceLengthBytes: PIECE_BYTES }),
  givenV2(),
];

/** The bytes cut into chunks at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.filter((place) => place < bytes.length), bytes.length];
  const sorted = ends.toSorted((a, b) => a - b);
  return sorted.map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}

const anyCut = fc.array(fc.nat({ max: PIECE_BYTES }), { maxLength: 4 });

test("takeVerified() takes a piece whole and in order, however it came", () => {
  fc.assert(
    fc.property(fc.constantFrom(...TORRENTS), fc.nat(1), anyCut, (given, piece, places) => {
      const { metainfo, content } = given;
      const bytes = content.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
      const taken = Buffer.alloc(bytes.length);
      let takenBytes = 0;
      const take = (part: Uint8Array, at: number): void => {
        equal(at, takenBytes);
        taken.set(part, at);
        takenBytes += part.length;
      };
      ok(takeVerified({ proof: pieceProof(metainfo, piece), chunks: cut(bytes, places) }, take));
      ok(taken.equals(bytes));
    }),
    { numRuns: 40 },
  );
});

test("takeVerified() says so when a bit is wrong, wherever it is", () => {
  fc.assert(
    fc.property(fc.constantFrom(...TORRENTS), anyCut, fc.nat(), (given, places, chance) => {
      const { metainfo, content } = given;
      const bytes = Buffer.from(content.subarray(0, PIECE_BYTES));
      const at = chance % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      ok(!takeVerified({ proof: pieceProof(metainfo, 0), chunks: cut(bytes, places) }, () => {}));
    }),
    { numRuns: 40 },
  );
});

test("takeVerified() given the wrong length takes nothing", () => {
  for (const { metainfo, content } of TORRENTS) {
    const lengths = [0, 1, PIECE_BYTES - 1, PIECE_BYTES + 1];
    const taken: number[] = [];
    for (const length of lengths) {
      const chunks = length === 0 ? [] : cut(content.subarray(0, length), [1_000]);
      ok(
        !takeVerified({ proof: pieceProof(metainfo, 0), chunks }, (part) =>
          taken.push(part.length),
        ),
      );
    }
    deepEqual(taken, []);
  }
});
