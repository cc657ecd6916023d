import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import bencode from "bencode";
import { FILES_MAX } from "./limits.ts";
import type { Metainfo } from "./metainfo.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { rootOfPieceRoots } from "./piece-root.ts";
import { givenFile } from "./testing.ts";

const PIECE_LENGTH = 32_768;
const ROOT: Uint8Array = Buffer.alloc(32, "r");

/** The roots of a file of three pieces, and its own. */
const LAYER: Uint8Array = Buffer.alloc(96, "l");
const LAYER_ROOT: Uint8Array = rootOfPieceRoots(LAYER, PIECE_LENGTH);

const one = { "": { length: 1, "pieces root": ROOT } };
const three = { "": { length: 3 * PIECE_LENGTH - 5, "pieces root": LAYER_ROOT } };
const empty = { "": { length: 0 } };

type Keys = Readonly<Record<string, unknown>>;

/** A .torrent file of v2 with this file tree, and what a test says besides. */
function givenV2(
  tree: Keys,
  { info = {}, layers = new Map() }: { info?: Keys; layers?: Map<Uint8Array, unknown> | null } = {},
): Uint8Array {
  return bencode.encode({
    info: {
      ...{ "file tree": tree, "meta version": 2, name: "n", "piece length": PIECE_LENGTH },
      ...info,
    },
    "piece layers": layers,
  });
}

function parsed(bytes: Uint8Array): Metainfo {
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo", "code" in metainfo ? metainfo.code : "");
  return metainfo;
}

const LAYERS = new Map([[LAYER_ROOT, LAYER]]);

test("parseMetainfo() given a tree, with the padding that is not in it", () => {
  const tree = { a: one, d: { b: three, c: empty }, nothing: {} };
  const metainfo = parsed(givenV2(tree, { layers: LAYERS }));
  const { version, single, sizeBytes, pieceCount, pieceHashes, pieceRoots, files } = metainfo;
  deepEqual([version, single, sizeBytes, pieceCount], ["v2", false, 4 * PIECE_LENGTH, 4]);
  equal(pieceHashes, null);
  deepEqual(Buffer.from(pieceRoots ?? []), Buffer.concat([ROOT, LAYER]));
  const [offsetBytes, padding] = [PIECE_LENGTH, true];
  const end = 4 * PIECE_LENGTH;
  deepEqual(
    files.map((file) => ({ ...file, piecesRoot: file.piecesRoot?.toHex() ?? null })),
    [
      { ...givenFile({ path: ["a"], lengthBytes: 1 }), piecesRoot: ROOT.toHex() },
      givenFile({ path: [".pad", "32767"], lengthBytes: 32_767, offsetBytes: 1, padding }),
      {
        ...givenFile({ path: ["d", "b"], lengthBytes: 3 * PIECE_LENGTH - 5, offsetBytes }),
        piecesRoot: LAYER_ROOT.toHex(),
      },
      givenFile({ path: [".pad", "5"], lengthBytes: 5, offsetBytes: end - 5, padding }),
      givenFile({ path: ["d", "c"], offsetBytes: end }),
    ],
  );
});

test("parseMetainfo() given a tree of one file, which is called what it is called there", () => {
  const { single, name, files } = parsed(givenV2({ "a.bin": one }));
  deepEqual([single, name, files[0]?.path], [true, "a.bin", ["a.bin"]]);
  deepEqual([files[1]?.padding, files[1]?.lengthBytes], [true, PIECE_LENGTH - 1]);
});

test("parseMetainfo() given a symbolic link and names that must not be", () => {
  const tree = {
    "..": { "a/b": one },
    ab: one,
    link: { "": { attr: "xl", "symlink path": ["..", "ab"] } },
  };
  const files = parsed(givenV2(tree)).files.filter(({ padding }) => !padding);
  deepEqual(
    files.map(({ path, symlink, executable }) => ({ path, symlink, executable })),
    [
      { path: ["ab"], symlink: null, executable: false },
      { path: ["ab.1"], symlink: null, executable: false },
      { path: ["link"], symlink: ["ab"], executable: true },
    ],
  );
});

test("parseMetainfo() given no piece layers, or not all: no roots of pieces", () => {
  equal(parsed(givenV2({ a: one, b: three }, { layers: null })).pieceRoots, null);
  equal(parsed(givenV2({ a: one, b: three })).pieceRoots, null);
  ok(parsed(givenV2({ a: one, b: one }, { layers: null })).pieceRoots !== null);
});

test("parseMetainfo() given two files of the same bytes, which share a layer", () => {
  const { pieceRoots } = parsed(givenV2({ a: three, b: three }, { layers: LAYERS }));
  deepEqual(Buffer.from(pieceRoots ?? []), Buffer.concat([LAYER, LAYER]));
});

const OTHER: Uint8Array = Buffer.alloc(32, "o");

const refused = [
  {
    given: "a file tree that is a file",
    bytes: givenV2(one),
    then: "torrent-file-parse-failed",
  },
  {
    given: "a file with a name beside it",
    bytes: givenV2({ a: { ...one, b: one } }),
    then: "torrent-file-parse-failed",
  },
  {
    given: "a file that is a list",
    bytes: givenV2({ a: { "": [] } }),
    then: "torrent-file-parse-failed",
  },
  {
    given: "a name of 3,000 bytes",
    bytes: givenV2({ ["n".repeat(3_000)]: one }),
    then: "path-too-long",
  },
  {
    given: "a file of no length",
    bytes: givenV2({ a: { "": { "pieces root": ROOT } } }),
    then: "torrent-invalid-length",
  },
  {
    given: "a short root",
    bytes: givenV2({ a: { "": { length: 1, "pieces root": ROOT.subarray(1) } } }),
    then: "torrent-missing-pieces-root",
  },
  {
    given: "padding in the tree",
    bytes: givenV2({ a: { "": { ...one[""], attr: "p" } } }),
    then: "torrent-invalid-pad-file",
  },
  { given: "no bytes", bytes: givenV2({ a: empty, b: empty }), then: "torrent-invalid-length" },
  {
    given: "a layer of no file",
    bytes: givenV2({ a: one }, { layers: LAYERS }),
    then: "torrent-invalid-piece-layer",
  },
  {
    given: "a layer that is a number",
    bytes: givenV2({ a: three }, { layers: new Map([[LAYER_ROOT, 1]]) }),
    then: "torrent-invalid-piece-layer",
  },
  {
    given: "a layer with a hash too many",
    bytes: givenV2({ a: three }, { layers: new Map([[LAYER_ROOT, Buffer.alloc(128, "l")]]) }),
    then: "torrent-invalid-piece-layer",
  },
  {
    given: "a layer of another root",
    bytes: givenV2({ a: three }, { layers: new Map([[LAYER_ROOT, Buffer.alloc(96, "m")]]) }),
    then: "torrent-invalid-piece-layer",
  },
  {
    given: "a second file with the root of a first and another length",
    bytes: givenV2(
      { a: { "": { length: 99_999, "pieces root": LAYER_ROOT } }, b: three },
      { layers: LAYERS },
    ),
    then: "torrent-invalid-piece-layer",
  },
] as const;

for (const { given, bytes, then } of refused) {
  test(`parseMetainfo() given v2 with ${given}`, () => {
    const violation = parseMetainfo(bytes);
    ok(violation.kind === "violation");
    equal(violation.code, then);
  });
}

test("parseMetainfo() given more files than may be, and a tree of nothing but directories", () => {
  const leaf = `d0:d6:lengthi1e11:pieces root32:${"r".repeat(32)}ee`;
  const names = Array.from({ length: FILES_MAX + 1 }, (_, index) => `${index}`.padStart(7, "0"));
  const info = (tree: string): Uint8Array =>
    Buffer.from(
      `d4:infod9:file tree${tree}12:meta versioni2e4:name1:n12:piece lengthi16384eee`,
      "latin1",
    );
  const many = parseMetainfo(info(`d${names.map((name) => `7:${name}${leaf}`).join("")}e`));
  ok(many.kind === "violation");
  equal(many.code, "too-many-files");
  const most = names.slice(1).map((name) => `7:${name}${leaf}`);
  equal(parsed(info(`d${most.join("")}e`)).pieceCount, FILES_MAX);
  const bare = parseMetainfo(info(`d${names.map((name) => `7:${name}de`).join("")}e`));
  ok(bare.kind === "violation");
  equal(bare.code, "no-files-in-torrent");
});

type Listed = { length: number; path: string[]; attr?: string; "symlink path"?: string[] };

const pad = (length: number): Listed => ({ attr: "p", length, path: [".pad", `${length}`] });
const a: Listed = { length: 1, path: ["a"] };
const c: Listed = { length: 2, path: ["c"] };
const link: Listed = { attr: "l", length: 0, path: ["b"], "symlink path": ["a"] };
const TREE = {
  a: { "": { attr: "x", length: 1, "pieces root": ROOT } },
  b: { "": { attr: "l", length: 0, "symlink path": ["a"] } },
  c: { "": { length: 2, "pieces root": OTHER } },
  e: empty,
};
const e: Listed = { length: 0, path: ["e"] };

/** A hybrid whose v1 side has these files, in pieces for as many bytes. */
function givenHybrid(files: readonly Listed[], tree: Keys = TREE): Uint8Array {
  const sizeBytes = files.reduce((sum, { length }) => sum + length, 0);
  const pieces = new Uint8Array(Math.ceil(sizeBytes / PIECE_LENGTH) * 20);
  return givenV2(tree, { info: { files, pieces } });
}

const consistent = [
  { given: "padding before and after", files: [a, pad(32_767), link, c, pad(32_766), e] },
  { given: "no padding after the last file", files: [a, link, pad(32_767), c, e] },
  { given: "padding in two parts", files: [a, pad(32_000), pad(767), link, c, e] },
  {
    given: "an empty file of another name",
    files: [a, pad(32_767), link, c, { length: 0, path: ["E"] }],
  },
];

for (const { given, files } of consistent) {
  test(`parseMetainfo() given a hybrid with ${given}`, () => {
    const metainfo = parsed(givenHybrid(files));
    equal(metainfo.version, "hybrid");
    deepEqual(
      metainfo.files.map(({ path, lengthBytes }) => ({ path, lengthBytes })),
      files.map(({ path, length }) => ({ path, lengthBytes: length })),
    );
    const [first, second] = metainfo.files.filter(({ piecesRoot }) => piecesRoot !== null);
    deepEqual([first?.executable, first?.piecesRoot?.toHex()], [true, ROOT.toHex()]);
    equal(second?.offsetBytes, PIECE_LENGTH);
    deepEqual(Buffer.from(metainfo.pieceRoots ?? []), Buffer.concat([ROOT, OTHER]));
  });
}

const inconsistent = [
  { given: "a file too few", files: [a, pad(32_767), link, c] },
  { given: "a file too many", files: [a, pad(32_767), link, c, e, e] },
  { given: "no padding", files: [a, link, c, e] },
  { given: "too much padding", files: [a, pad(32_768), link, c, e] },
  { given: "padding after the last piece", files: [a, pad(32_767), link, c, e, pad(65_536)] },
  { given: "another length", files: [{ ...a, length: 2 }, pad(32_766), link, c, e] },
  { given: "another name", files: [{ ...a, path: ["A"] }, pad(32_767), link, c, e] },
  { given: "another order", files: [c, pad(32_766), link, a, e] },
  {
    given: "a link that leads elsewhere",
    files: [a, pad(32_767), { ...link, "symlink path": ["c"] }, c, e],
  },
];

for (const { given, files } of inconsistent) {
  test(`parseMetainfo() given a hybrid with ${given}`, () => {
    const violation = parseMetainfo(givenHybrid(files));
    ok(violation.kind === "violation");
    equal(violation.code, "torrent-inconsistent-files");
  });
}

test("parseMetainfo() given a hybrid without SHA-1", () => {
  const violation = parseMetainfo(givenV2({ n: one }, { info: { length: 1 } }));
  ok(violation.kind === "violation");
  equal(violation.code, "torrent-missing-pieces");
});
