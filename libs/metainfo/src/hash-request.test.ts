import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashRequestFault } from "./hash-request.ts";
import { hashTreeShape } from "./hash-tree-shape.ts";

const BLOCK = 16_384;
const MIB = 1_048_576;

const shapes = [
  { lengthBytes: 1, pieceBytes: BLOCK, then: { blockCount: 1, pieceLayer: 0, height: 0 } },
  { lengthBytes: BLOCK + 1, pieceBytes: MIB, then: { blockCount: 2, pieceLayer: 1, height: 1 } },
  { lengthBytes: MIB, pieceBytes: MIB, then: { blockCount: 64, pieceLayer: 6, height: 6 } },
  { lengthBytes: MIB + 1, pieceBytes: MIB, then: { blockCount: 65, pieceLayer: 6, height: 7 } },
  { lengthBytes: 3 * BLOCK, pieceBytes: BLOCK, then: { blockCount: 3, pieceLayer: 0, height: 2 } },
] as const;

for (const { lengthBytes, pieceBytes, then } of shapes) {
  test(`hashTreeShape() given ${lengthBytes} bytes in pieces of ${pieceBytes}`, () => {
    deepEqual(hashTreeShape(lengthBytes, pieceBytes), then);
  });
}

// 513 pieces of 64 KiB: a piece layer of 513 nodes in a tree of height 12.
const file = hashTreeShape(513 * 4 * BLOCK, 4 * BLOCK);
const whole = { baseLayer: 2, index: 0, length: 512, proofLayers: 9 };

const taken = [
  { given: "512 pieces with all their proof", change: {} },
  { given: "no proof", change: { proofLayers: 0 } },
  { given: "the last piece, cut to a length of 1", change: { index: 512, length: 1 } },
  { given: "the last piece and padding", change: { index: 512, length: 2 } },
  { given: "the last piece and a whole subtree of padding", change: { index: 512 } },
  { given: "blocks", change: { baseLayer: 0, index: 2_048, length: 4, proofLayers: 11 } },
  { given: "the layer below the root", change: { baseLayer: 11, length: 2, proofLayers: 0 } },
] as const;

for (const { given, change } of taken) {
  test(`hashRequestFault() given ${given}`, () => {
    equal(hashRequestFault({ ...whole, ...change }, file), null);
  });
}

const refused = [
  { given: "the root", change: { baseLayer: 12 }, then: "base-layer-out-of-range" },
  { given: "a layer below blocks", change: { baseLayer: -1 }, then: "base-layer-out-of-range" },
  { given: "half a layer", change: { baseLayer: 0.5 }, then: "base-layer-out-of-range" },
  { given: "padding alone", change: { index: 514, length: 2 }, then: "index-out-of-range" },
  { given: "an index far beyond", change: { index: 2 ** 32 - 1 }, then: "index-out-of-range" },
  { given: "an index that is no multiple", change: { index: 256 }, then: "index-out-of-range" },
  { given: "no hashes", change: { length: 0 }, then: "length-not-allowed" },
  { given: "a length of 1", change: { length: 1 }, then: "length-not-allowed" },
  { given: "a length of 3", change: { length: 3 }, then: "length-not-allowed" },
  { given: "a cut beyond the last", change: { index: 512, length: 3 }, then: "length-not-allowed" },
  { given: "more than 512", change: { length: 1_024 }, then: "length-not-allowed" },
  { given: "a longer layer", change: { baseLayer: 4, length: 512 }, then: "length-not-allowed" },
  { given: "no number", change: { length: Number.NaN }, then: "length-not-allowed" },
  { given: "proof of the root", change: { proofLayers: 10 }, then: "proof-layers-out-of-range" },
  { given: "less than no proof", change: { proofLayers: -1 }, then: "proof-layers-out-of-range" },
] as const;

for (const { given, change, then } of refused) {
  test(`hashRequestFault() given ${given}`, () => {
    equal(hashRequestFault({ ...whole, ...change }, file), then);
  });
}

test("hashRequestFault() given the blocks of one long piece takes more than 512", () => {
  const blocks = { baseLayer: 0, index: 0, proofLayers: 0 };
  const fault = (length: number, pieceBlocks: number): string | null =>
    hashRequestFault(
      { ...blocks, length },
      hashTreeShape(2 * pieceBlocks * BLOCK, pieceBlocks * BLOCK),
    );
  equal(fault(1_024, 1_024), null);
  equal(fault(8_192, 8_192), null);
  equal(fault(16_384, 16_384), "length-not-allowed");
  equal(fault(1_024, 2_048), "length-not-allowed");
  equal(fault(2_048, 1_024), "length-not-allowed");
});

test("hashRequestFault() takes no more nodes than the layer has, whatever the numbers", () => {
  const anyNumber = fc.oneof(fc.nat(2_100), fc.integer(), fc.double(), fc.nat(2 ** 32 - 1));
  const anyRequest = fc.record({
    baseLayer: fc.oneof(fc.integer({ min: -2, max: 14 }), anyNumber),
    index: anyNumber,
    length: fc.oneof(
      fc.nat(9).map((height) => 2 ** height),
      anyNumber,
    ),
    proofLayers: fc.oneof(fc.integer({ min: -2, max: 14 }), anyNumber),
  });
  fc.assert(
    fc.property(anyRequest, (request) => {
      if (hashRequestFault(request, file) !== null) return;
      const { baseLayer, index, length, proofLayers } = request;
      const layerWidth = 4_096 / 2 ** baseLayer;
      equal(index >= 0 && index + length <= layerWidth, true);
      equal(baseLayer + proofLayers < 12, true);
    }),
    { numRuns: 2_000 },
  );
});
