import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_BYTES, encodeMessage } from "@seedfleet/wire";
import fc from "fast-check";
import { framedLength, PieceFramer, unframed } from "./framed-piece.ts";

const anyPiece = fc.record({
  length: fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.constantFrom(BLOCK_BYTES, 65_536)),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
  piece: fc.nat(0xffff_ffff),
});

test("PieceFramer makes the piece messages of the blocks, however the bytes are cut", () => {
  fc.assert(
    fc.property(anyPiece, ({ length, cuts, piece }) => {
      const bytes = Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7) % 251));
      const ends = [...cuts.map((at) => at % (length + 1)), length].toSorted((a, b) => a - b);
      const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      const framed = Buffer.alloc(framedLength(length));
      const framer = new PieceFramer(framed, { piece, pieceBytes: length });
      let at = 0;
      for (const chunk of chunks) {
        framer.write(chunk, at);
        at += chunk.length;
      }
      const messages: Uint8Array[] = [];
      for (let begin = 0; begin < length; begin += BLOCK_BYTES) {
        const data = bytes.subarray(begin, begin + BLOCK_BYTES);
        messages.push(encodeMessage({ kind: "piece", piece, begin, data }));
      }
      deepEqual(framed, Buffer.concat(messages));
      deepEqual(Buffer.concat(unframed(framed, 0, length)), bytes);
      const wires = chunks.map((chunk, index) => framer.wire(ends[index - 1] ?? 0, chunk.length));
      deepEqual(Buffer.concat(wires), framed);
    }),
    { numRuns: 50 },
  );
});

test("unframed() gives any part of the piece as it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50_000 }), fc.nat(), fc.nat(), (length, from, count) => {
      const bytes = Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7) % 251));
      const framed = Buffer.alloc(framedLength(length));
      new PieceFramer(framed, { piece: 1, pieceBytes: length }).write(bytes, 0);
      const begin = from % length;
      const wanted = 1 + (count % (length - begin));
      const part = Buffer.concat(unframed(framed, begin, wanted));
      equal(part.compare(bytes, begin, begin + wanted), 0);
    }),
    { numRuns: 50 },
  );
});
