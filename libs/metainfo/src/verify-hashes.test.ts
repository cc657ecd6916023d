import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HashRequest } from "./hash-request.ts";
import { hashTreeShape } from "./hash-tree-shape.ts";
import { HashTrees } from "./hash-trees.ts";
import { givenHashedTorrent } from "./testing.ts";
import { verifyHashes } from "./verify-hashes.ts";

const BLOCK = 16_384;

// Eleven pieces of two blocks: a piece layer of 16 nodes, five of them padding, and height 5.
const LENGTH_BYTES: number = 21 * BLOCK + 9;
const SHAPE = hashTreeShape(LENGTH_BYTES, 2 * BLOCK);

function given(numbers: readonly [number, number, number, number]): {
  readonly request: HashRequest;
  readonly hashes: Uint8Array;
} {
  const { metainfo } = givenHashedTorrent([LENGTH_BYTES], 2 * BLOCK);
  const piecesRoot = metainfo.files[0]?.piecesRoot;
  ok(piecesRoot);
  const [baseLayer, index, length, proofLayers] = numbers;
  const request = { piecesRoot, baseLayer, index, length, proofLayers };
  const plan = new HashTrees(metainfo).plan(request);
  ok(plan.kind === "hashes");
  return { request, hashes: plan.hashes };
}

const ranges = [
  { given: "a whole layer", numbers: [1, 0, 16, 3] },
  { given: "a whole layer, with more proof than it takes none of", numbers: [1, 0, 16, 0] },
  { given: "two pieces in the middle", numbers: [1, 4, 2, 3] },
  { given: "the last pieces and padding", numbers: [1, 8, 4, 3] },
  { given: "the last pieces, cut", numbers: [1, 8, 3, 3] },
  { given: "the last piece, cut to 1", numbers: [1, 10, 1, 3] },
] as const;

for (const { given: what, numbers } of ranges) {
  test(`verifyHashes() given ${what}, and the same with a bit changed anywhere`, () => {
    const { request, hashes } = given(numbers);
    ok(verifyHashes(request, hashes, SHAPE));
    fc.assert(
      fc.property(fc.nat(hashes.length * 8 - 1), (bit) => {
        const wrong = Uint8Array.from(hashes);
        wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        ok(!verifyHashes(request, wrong, SHAPE));
      }),
    );
  });
}

test("verifyHashes() given the answer to another request", () => {
  const { request, hashes } = given([1, 4, 2, 3]);
  ok(verifyHashes(request, hashes, SHAPE));
  equal(verifyHashes({ ...request, index: 6 }, hashes, SHAPE), false);
  equal(verifyHashes({ ...request, baseLayer: 2 }, hashes, SHAPE), false);
  equal(verifyHashes({ ...request, length: 4 }, hashes, SHAPE), false);
  equal(verifyHashes({ ...request, index: 5 }, hashes, SHAPE), false);
  equal(verifyHashes({ ...request, piecesRoot: new Uint8Array(32) }, hashes, SHAPE), false);
});

test("verifyHashes() given less proof than leads to the root", () => {
  const { request, hashes } = given([1, 4, 2, 2]);
  equal(verifyHashes(request, hashes, SHAPE), false);
});

test("verifyHashes() given too few or too many bytes", () => {
  const { request, hashes } = given([1, 4, 2, 3]);
  equal(verifyHashes(request, hashes.subarray(32), SHAPE), false);
  equal(verifyHashes(request, hashes.subarray(1), SHAPE), false);
  equal(verifyHashes(request, Buffer.concat([hashes, hashes.subarray(32, 64)]), SHAPE), false);
  equal(verifyHashes(request, new Uint8Array(), SHAPE), false);
});

test("verifyHashes() given a tree whose padding is no padding, though it leads to its root", () => {
  const blocks = 11;
  const { metainfo, pieces } = givenHashedTorrent([16 * BLOCK], BLOCK);
  const piecesRoot = metainfo.files[0]?.piecesRoot;
  ok(piecesRoot && pieces.length === 16);
  const request = { piecesRoot, baseLayer: 0, index: 0, length: 16, proofLayers: 3 };
  const plan = new HashTrees(metainfo).plan(request);
  ok(plan.kind === "hashes");
  ok(verifyHashes(request, plan.hashes, hashTreeShape(16 * BLOCK, BLOCK)));
  equal(verifyHashes(request, plan.hashes, hashTreeShape(blocks * BLOCK, BLOCK)), false);
});

test("verifyHashes() given any bytes does not throw", () => {
  const { request } = given([1, 4, 2, 3]);
  const anyNumber = fc.oneof(fc.nat(9), fc.integer(), fc.double());
  const anyRequest = fc.record({
    piecesRoot: fc.uint8Array(),
    baseLayer: anyNumber,
    index: anyNumber,
    length: anyNumber,
    proofLayers: anyNumber,
  });
  fc.assert(
    fc.property(fc.option(anyRequest), fc.uint8Array({ maxLength: 200 }), (other, bytes) => {
      equal(verifyHashes(other ?? request, bytes, SHAPE), false);
    }),
  );
});
