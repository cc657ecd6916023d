import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HashRequest } from "./hash-request.ts";
import { hashTreeShape } from "./hash-tree-shape.ts";
import { type HashAnswerPlan, type HashedMetainfo, HashTrees } from "./hash-trees.ts";
import { hashesFromPieces } from "./hashes-from-pieces.ts";
import type { MetainfoFile } from "./metainfo.ts";
import { rootOfPieceRoots } from "./piece-root.ts";
import { givenHashedTorrent, slowHashTree } from "./testing.ts";
import { verifyHashes } from "./verify-hashes.ts";

const BLOCK = 16_384;

/** Answers as a gateway does: the plan, the pieces it names, the hashes. */
function answer(
  trees: HashTrees,
  request: HashRequest,
  pieces: readonly Uint8Array[],
): Uint8Array | string {
  const plan = trees.plan(request);
  if (plan.kind === "hash-reject" || plan.kind === "silence") return plan.reason;
  if (plan.kind === "hashes") return plan.hashes;
  ok(plan.kind === "needs-pieces");
  return hashesFromPieces(
    plan,
    plan.pieces.map((piece) => pieces[piece] ?? new Uint8Array()),
  );
}

/**
 * What BEP 52 says an answer is: the hashes, then of each proof layer the sibling of their
 * ancestor, but for what follows from them. A cut range is whole with the padding after it.
 */
function slowAnswer(layers: readonly (readonly string[])[], request: HashRequest): string {
  const { baseLayer, index, length, proofLayers } = request;
  const hashes = layers[baseLayer]?.slice(index, index + length) ?? [];
  let width = 1;
  while (width < length) width *= 2;
  for (let above = 0; above <= proofLayers; above += 1) {
    const sibling = Math.floor(index / 2 ** above) ^ 1;
    const first = sibling * 2 ** above;
    if (first >= index && first < index + width) continue;
    hashes.push(layers[baseLayer + above]?.[sibling] ?? "");
  }
  return hashes.join("");
}

// Blocks of "a", "b", "c" and "d" in two pieces, and an "e" alone in a third. The hashes are those
// of another program.
const PIECES: readonly Uint8Array[] = [
  Buffer.concat([Buffer.alloc(BLOCK, "a"), Buffer.alloc(BLOCK, "b")]),
  Buffer.concat([Buffer.alloc(BLOCK, "c"), Buffer.alloc(BLOCK, "d")]),
  Buffer.from("e"),
];
const NODES: Readonly<Record<string, string>> = {
  a: "f3336bea752b5a28743033dd2c844a4a63fba08871aaee2586a2bf2d69be83a2",
  b: "e33f24140499430b048f6600af4f41f3ccb0cb766d9f7661124cf8ba4b827523",
  c: "3600eaa96fcc7d808879d72679bf062c25c49b6357bc354c44f6829bd84c5971",
  d: "1632b84ca0759c5d457866e7849ed443aac9a95a042c551439868198d5dc5b41",
  e: "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
  zero: "0".repeat(64),
  ab: "91ba1b58ae584fde9a26d7f74fb955d515d1c576c1c7e865a0bac16d81fa10b3",
  cd: "dd4c1ff0e672d96500f0a6cc129f862768a165bc0404aed5ce296833c425d81a",
  "e-": "f92051459290ef5b58b958b6dad86eb9cf147d27f2ef3825b5095b7c69d0c00b",
  "--": "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
  abcd: "39c878b42ed38388709288c744689c756439e5ab0bb16260aa33f0eb6c3bac88",
  "e---": "28e3a58225433bf891be8b8c0bcc201e93e71cdb55ae7dfd3e804e9c86fd7bca",
  root: "11e59e2eb9a7e273de0a6deb93f1ff4aed475da87e4cce4f3139e5d8e4b821e4",
};

function nodes(names: string): string {
  return names.replaceAll(/\S+/g, (name) => NODES[name] ?? "").replaceAll(" ", "");
}

function bytesOf(names: string): Uint8Array {
  return Uint8Array.fromHex(nodes(names));
}

const FILE: MetainfoFile = {
  path: ["a.bin"],
  lengthBytes: 4 * BLOCK + 1,
  offsetBytes: 0,
  padding: false,
  executable: false,
  hidden: false,
  symlink: null,
  piecesRoot: bytesOf("root"),
};
const METAINFO: HashedMetainfo = {
  files: [FILE],
  pieceLengthBytes: 2 * BLOCK,
  pieceRoots: bytesOf("ab cd e-"),
};

const cases = [
  { given: "the piece layer as a whole", numbers: [1, 0, 4, 1], then: "ab cd e- --" },
  { given: "two pieces without proof", numbers: [1, 0, 2, 0], then: "ab cd" },
  { given: "two pieces with their proof", numbers: [1, 0, 2, 1], then: "ab cd e---" },
  { given: "the last piece and padding", numbers: [1, 2, 2, 1], then: "e- -- abcd" },
  { given: "the last piece, cut to 1", numbers: [1, 2, 1, 1], then: "e- -- abcd" },
  { given: "the last piece, cut to 1, no proof", numbers: [1, 2, 1, 0], then: "e- --" },
  { given: "three pieces, cut", numbers: [1, 0, 3, 1], then: "ab cd e-" },
  { given: "the layer below the root", numbers: [2, 0, 2, 0], then: "abcd e---" },
  { given: "the blocks of a piece", numbers: [0, 0, 2, 0], then: "a b" },
  { given: "the blocks of a piece, with proof", numbers: [0, 2, 2, 2], then: "c d ab e---" },
  { given: "the blocks of two pieces", numbers: [0, 0, 4, 2], then: "a b c d e---" },
  { given: "all blocks", numbers: [0, 0, 8, 2], then: "a b c d e zero zero zero" },
  { given: "all blocks, cut", numbers: [0, 0, 5, 2], then: "a b c d e" },
  { given: "the last block, cut to 1", numbers: [0, 4, 1, 2], then: "e zero -- abcd" },
] as const;

for (const { given, numbers, then } of cases) {
  test(`HashTrees.plan() given ${given}`, () => {
    const [baseLayer, index, length, proofLayers] = numbers;
    const piecesRoot = bytesOf("root");
    const request = { piecesRoot, baseLayer, index, length, proofLayers };
    const hashes = answer(new HashTrees(METAINFO), request, PIECES);
    ok(typeof hashes !== "string");
    equal(hashes.toHex(), nodes(then));
  });
}

const REQUEST: HashRequest = {
  ...{ piecesRoot: bytesOf("root"), baseLayer: 1, index: 0 },
  ...{ length: 4, proofLayers: 1 },
};

const rejected = [
  {
    given: "a root of no file",
    change: { piecesRoot: bytesOf("ab") },
    then: { kind: "hash-reject", reason: "pieces-root-unknown" },
  },
  {
    given: "a root of no length",
    change: { piecesRoot: new Uint8Array() },
    then: { kind: "hash-reject", reason: "pieces-root-unknown" },
  },
  {
    given: "a range beyond",
    change: { index: 4 },
    then: { kind: "hash-reject", reason: "index-out-of-range" },
  },
  {
    given: "blocks with more proof than there is, which libtorrent asks for",
    change: { baseLayer: 0, length: 2, proofLayers: 5 },
    then: { kind: "silence", reason: "proof-layers-out-of-range" },
  },
] as const;

for (const { given, change, then } of rejected) {
  test(`HashTrees.plan() given ${given}`, () => {
    deepEqual(new HashTrees(METAINFO).plan({ ...REQUEST, ...change }), then);
  });
}

test("HashTrees.plan() given a layer of pieces of one block rejects what is out of range", () => {
  const { metainfo } = givenHashedTorrent([5 * BLOCK], BLOCK);
  const piecesRoot = metainfo.files[0]?.piecesRoot;
  ok(piecesRoot);
  const request = { piecesRoot, baseLayer: 0, index: 6, length: 2, proofLayers: 0 };
  const then = { kind: "hash-reject", reason: "index-out-of-range" };
  deepEqual(new HashTrees(metainfo).plan(request), then);
});

test("HashTrees.plan() given no piece layers answers for files that need none", () => {
  const { metainfo, pieces } = givenHashedTorrent([5 * BLOCK, 2 * BLOCK], 2 * BLOCK);
  const trees = new HashTrees({ ...metainfo, pieceRoots: null });
  const [long, short] = metainfo.files.flatMap(({ piecesRoot }) => piecesRoot ?? []);
  ok(long !== undefined && short !== undefined);
  const blocks = { baseLayer: 0, index: 0, length: 2, proofLayers: 0 };
  equal(answer(trees, { ...blocks, piecesRoot: long }, pieces), "piece-layer-unknown");
  equal(typeof answer(trees, { ...blocks, piecesRoot: short }, pieces), "object");
});

test("HashTrees.plan() names the pieces of the file, in the torrent's own numbers", () => {
  const { metainfo } = givenHashedTorrent([3 * BLOCK, 0, 9 * BLOCK - 5], 2 * BLOCK);
  const piecesRoot = metainfo.files.findLast(({ padding }) => !padding)?.piecesRoot;
  ok(piecesRoot);
  const plan = (index: number, length: number): HashAnswerPlan =>
    new HashTrees(metainfo).plan({ piecesRoot, baseLayer: 0, index, length, proofLayers: 0 });
  const needs = (index: number, length: number): readonly [readonly number[], number] | null => {
    const planned = plan(index, length);
    return planned.kind === "needs-pieces" ? [planned.pieces, planned.lastPieceBytes] : null;
  };
  deepEqual(needs(0, 2), [[2], 2 * BLOCK]);
  deepEqual(needs(4, 4), [[4, 5], 2 * BLOCK]);
  deepEqual(needs(8, 8), [[6], BLOCK - 5]);
  deepEqual(needs(0, 16), [[2, 3, 4, 5, 6], BLOCK - 5]);
});

test("hashesFromPieces() given a last piece with the padding after it", () => {
  const request = { ...REQUEST, baseLayer: 0, index: 4, length: 4 };
  const padded = [...PIECES.slice(0, 2), Buffer.concat([Buffer.from("e"), Buffer.alloc(99)])];
  const hashes = answer(new HashTrees(METAINFO), request, padded);
  ok(typeof hashes !== "string");
  equal(hashes.toHex(), nodes("e zero zero zero"));
});

const anyFile = fc.record({
  blocks: fc.integer({ min: 2, max: 40 }),
  short: fc.constantFrom(0, 1, BLOCK - 1),
  pieceBlocks: fc.constantFrom(1, 2, 4, 8, 16),
});

type Chances = Readonly<Record<"layer" | "width" | "part" | "proof", number>> & {
  readonly cut: boolean;
};

const anyChances: fc.Arbitrary<Chances> = fc.record({
  layer: fc.nat(),
  width: fc.nat(),
  part: fc.nat(),
  proof: fc.oneof(fc.constant(-1), fc.nat()),
  cut: fc.boolean(),
});

/** One of the requests that may be made of a tree, by the words of BEP 52. */
function requestOf(
  layers: readonly (readonly string[])[],
  blocks: number,
  by: Chances,
): Omit<HashRequest, "piecesRoot"> {
  const height = layers.length - 1;
  const baseLayer = by.layer % height;
  const nodes = Math.ceil(blocks / 2 ** baseLayer);
  let length = 2 ** (1 + (by.width % (height - baseLayer)));
  const index = (by.part % Math.ceil(nodes / length)) * length;
  if (by.cut) length = Math.min(length, nodes - index);
  const proofLayers = by.proof < 0 ? height - baseLayer - 1 : by.proof % (height - baseLayer);
  return { baseLayer, index, length, proofLayers };
}

test("HashTrees answers as the whole tree would, and verifyHashes() takes it", () => {
  fc.assert(
    fc.property(anyFile, anyChances, ({ blocks, short, pieceBlocks }, chances) => {
      const pieceLengthBytes = pieceBlocks * BLOCK;
      const lengthBytes = blocks * BLOCK - short;
      const { metainfo, pieces } = givenHashedTorrent([20_000, lengthBytes], pieceLengthBytes);
      const piecesRoot = metainfo.files.findLast(({ padding }) => !padding)?.piecesRoot;
      ok(piecesRoot);
      const layers = slowHashTree(Buffer.concat(pieces.slice(pieceBlocks === 1 ? 2 : 1)));
      equal(piecesRoot.toHex(), layers.at(-1)?.[0]);

      const request = { piecesRoot, ...requestOf(layers, blocks, chances) };
      const hashes = answer(new HashTrees(metainfo), request, pieces);
      ok(typeof hashes !== "string", `${hashes}`);
      equal(hashes.toHex(), slowAnswer(layers, request));

      const shape = hashTreeShape(lengthBytes, pieceLengthBytes);
      const hasProof = request.baseLayer + request.proofLayers + 1 === shape.height;
      if (hasProof) ok(verifyHashes(request, hashes, shape));
    }),
    { numRuns: 400 },
  );
});

/** A file of so many pieces, of which the roots are there but no bytes. */
function givenLongFile(pieces: number): { metainfo: HashedMetainfo; piecesRoot: Uint8Array } {
  const pieceLengthBytes = 4 * BLOCK;
  const pieceRoots = new Uint8Array(pieces * 32).map((_, at) => (at >> 5) * 31 + at);
  const piecesRoot = rootOfPieceRoots(pieceRoots, pieceLengthBytes);
  const file = { ...FILE, lengthBytes: pieces * pieceLengthBytes - 7, piecesRoot };
  return { metainfo: { files: [file], pieceLengthBytes, pieceRoots }, piecesRoot };
}

for (const pieces of [511, 512, 513, 1_024, 1_537, 5_000]) {
  test(`HashTrees gives the whole piece layer of ${pieces} pieces, 512 at a time`, () => {
    const { metainfo, piecesRoot } = givenLongFile(pieces);
    const trees = new HashTrees(metainfo);
    const shape = hashTreeShape(metainfo.files[0]?.lengthBytes ?? 0, metainfo.pieceLengthBytes);
    const layer: Uint8Array[] = [];
    for (let index = 0; index < pieces; index += 512) {
      // As libtorrent asks, so that of 513 pieces the last is asked for with a length of 1.
      let length = 512;
      while (length / 2 >= pieces - index) length /= 2;
      const proofLayers = shape.height - shape.pieceLayer - 1;
      const request = { piecesRoot, baseLayer: shape.pieceLayer, index, length, proofLayers };
      const hashes = answer(trees, request, []);
      ok(typeof hashes !== "string", `${hashes}`);
      ok(verifyHashes(request, hashes, shape));
      layer.push(hashes.subarray(0, Math.min(length, pieces - index) * 32));
    }
    deepEqual(Buffer.concat(layer), Buffer.from(metainfo.pieceRoots ?? []));
  });
}

test("HashTrees given any layer of a long file answers what leads to the root", () => {
  const { metainfo, piecesRoot } = givenLongFile(5_000);
  const trees = new HashTrees(metainfo);
  const shape = hashTreeShape(metainfo.files[0]?.lengthBytes ?? 0, metainfo.pieceLengthBytes);
  const anyRange = fc.record({
    baseLayer: fc.integer({ min: shape.pieceLayer, max: shape.height - 1 }),
    lengthHeight: fc.integer({ min: 1, max: 9 }),
    chance: fc.nat(),
  });
  fc.assert(
    fc.property(anyRange, ({ baseLayer, lengthHeight, chance }) => {
      const length = 2 ** Math.min(lengthHeight, shape.height - baseLayer);
      const ranges = Math.ceil(20_000 / 2 ** baseLayer / length);
      const index = (chance % ranges) * length;
      const proofLayers = shape.height - baseLayer - 1;
      const request = { piecesRoot, baseLayer, index, length, proofLayers };
      const hashes = answer(trees, request, []);
      ok(typeof hashes !== "string", `${hashes}`);
      ok(verifyHashes(request, hashes, shape));
    }),
  );
});

test("HashTrees given a file of very many pieces takes several calls, each with its share", () => {
  const { metainfo, piecesRoot } = givenLongFile(20_000);
  const trees = new HashTrees(metainfo);
  const request = { piecesRoot, baseLayer: 2, index: 0, length: 512, proofLayers: 14 };
  const kinds = Array.from({ length: 4 }, () => trees.plan(request).kind);
  deepEqual(kinds, ["needs-another-call", "needs-another-call", "hashes", "hashes"]);
});

test("HashTrees.plan() given any numbers does not throw", () => {
  const trees = new HashTrees(METAINFO);
  const anyNumber = fc.oneof(fc.nat(9), fc.nat(2 ** 32 - 1), fc.integer(), fc.double());
  const anyRequest = fc.record({
    piecesRoot: fc.oneof(fc.constant(bytesOf("root")), fc.uint8Array()),
    baseLayer: anyNumber,
    index: anyNumber,
    length: anyNumber,
    proofLayers: anyNumber,
  });
  fc.assert(
    fc.property(anyRequest, (request) => {
      const plan = trees.plan(request);
      ok(plan.kind !== "needs-another-call");
    }),
    { numRuns: 2_000 },
  );
});
