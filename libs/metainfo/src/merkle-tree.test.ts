import { deepEqual, equal, throws } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { isPowerOfTwo, paddingRoot, powerOfTwoFrom, rootOfLeaves } from "./merkle-tree.ts";
import { blockHashes, leavesPerPiece, pieceRoot, rootOfPieceRoots } from "./piece-root.ts";

const BLOCK = 16_384;
const ZERO = "0".repeat(64);

const sha256 = (hex: string): string => hash("sha256", Buffer.from(hex, "hex"));

/** A tree as BEP 52 tells it: level by level, with every leaf there. Slow, and plainly right. */
function naiveRoot(leaves: readonly string[], leafCount: number): string {
  let level = Array.from({ length: leafCount }, (_, index) => leaves[index] ?? ZERO);
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, index) =>
      sha256(`${level[2 * index]}${level[2 * index + 1]}`),
    );
  }
  return level[0] ?? "";
}

function leavesOf(bytes: Uint8Array): string[] {
  return Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, block) =>
    hash("sha256", bytes.subarray(block * BLOCK, (block + 1) * BLOCK)),
  );
}

const anyLeaf = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());

test("rootOfLeaves() gives what hashing level by level gives", () => {
  const anyTree = fc
    .nat(6)
    .chain((height) =>
      fc.tuple(fc.array(anyLeaf, { maxLength: 2 ** height }), fc.constant(height)),
    );
  fc.assert(
    fc.property(anyTree, ([leaves, height]) => {
      const given = Uint8Array.fromHex(leaves.join(""));
      const before = given.toHex();
      equal(rootOfLeaves(given, 2 ** height).toHex(), naiveRoot(leaves, 2 ** height));
      equal(given.toHex(), before);
    }),
    { numRuns: 500 },
  );
});

test("rootOfLeaves() given no power of two, or more leaves, is our own mistake", () => {
  throws(() => rootOfLeaves(new Uint8Array(32), 3));
  throws(() => rootOfLeaves(new Uint8Array(96), 2));
  throws(() => rootOfLeaves(new Uint8Array(33), 2));
});

test("paddingRoot() is the root of leaves of zeros", () => {
  for (let height = 0; height < 8; height += 1) {
    equal(Buffer.from(paddingRoot(height)).toString("hex"), naiveRoot([], 2 ** height));
  }
});

const lengths = [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK, 4 * BLOCK - 1, 4 * BLOCK];

for (const length of lengths) {
  test(`pieceRoot() given ${length} bytes, of a longer file and alone`, () => {
    const bytes = new Uint8Array(length).map((_, index) => index % 251);
    const leaves = leavesOf(bytes);
    const alone = pieceRoot(bytes, 4 * BLOCK, { fileIsOnePiece: true });
    equal(alone.toHex(), naiveRoot(leaves, powerOfTwoFrom(leaves.length)));
    equal(pieceRoot(bytes, 4 * BLOCK, { fileIsOnePiece: false }).toHex(), naiveRoot(leaves, 4));
    deepEqual(Buffer.from(blockHashes(bytes)).toString("hex"), leaves.join(""));
  });
}

test("rootOfPieceRoots() given a file cut into pieces is the root of all its blocks", () => {
  const anyFile = fc.record({
    blocks: fc.integer({ min: 1, max: 40 }),
    short: fc.constantFrom(0, 1, BLOCK - 1),
    pieceBlocks: fc.constantFrom(1, 2, 4, 8),
  });
  fc.assert(
    fc.property(anyFile, ({ blocks, short, pieceBlocks }) => {
      const bytes = new Uint8Array(blocks * BLOCK - short).fill(blocks);
      const pieceLength = pieceBlocks * BLOCK;
      const fileIsOnePiece = bytes.length <= pieceLength;
      const roots: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += pieceLength) {
        roots.push(
          pieceRoot(bytes.subarray(at, at + pieceLength), pieceLength, { fileIsOnePiece }),
        );
      }
      const leaves = leavesOf(bytes);
      const root = rootOfPieceRoots(Buffer.concat(roots), pieceLength);
      const width = powerOfTwoFrom(leaves.length);
      equal(root.toHex(), naiveRoot(leaves, fileIsOnePiece ? width : Math.max(width, pieceBlocks)));
    }),
    { numRuns: 100 },
  );
});

const trees = [
  { lengthBytes: 1, then: 1 },
  { lengthBytes: 2 * BLOCK + 1, then: 4 },
  { lengthBytes: 8 * BLOCK, then: 8 },
  { lengthBytes: 8 * BLOCK + 1, then: 8 },
] as const;

for (const { lengthBytes, then } of trees) {
  test(`leavesPerPiece() given a file of ${lengthBytes} bytes`, () => {
    equal(leavesPerPiece(lengthBytes, 8 * BLOCK), then);
  });
}

test("isPowerOfTwo() given what is none", () => {
  deepEqual([0, -1, 0.5, 3, 6, 2 ** 30 + 1, Number.NaN].filter(isPowerOfTwo), []);
  deepEqual([1, 2, 2 ** 30, 2 ** 50].filter(isPowerOfTwo).length, 4);
});
