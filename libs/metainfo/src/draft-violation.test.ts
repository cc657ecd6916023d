import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { draftViolation } from "./draft-violation.ts";
import { FILES_MAX } from "./limits.ts";
import { makeMetainfo } from "./make-metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { givenDraft } from "./testing.ts";

type Files = MetainfoDraft["files"];

const tree = (files: Files): MetainfoDraft => givenDraft({ single: false, files });

/** A draft of two pieces of v2, unless a test says something else. */
const v2 = (changes: Partial<MetainfoDraft> = {}): MetainfoDraft =>
  givenDraft({
    version: "v2",
    single: false,
    files: [
      { path: ["a"], lengthBytes: 16_384 },
      { path: ["d", "b"], lengthBytes: 1 },
    ],
    pieceHashes: null,
    pieceRoots: new Uint8Array(64).fill(1),
    ...changes,
  });

const ofV1 = [
  {
    given: "no bytes",
    draft: tree([{ path: ["a"], lengthBytes: 0 }]),
    then: "torrent-invalid-length",
  },
  { given: "no files", draft: tree([]), then: "no-files-in-torrent" },
  {
    given: "a name with a backslash",
    draft: tree([{ path: ["a\\b"], lengthBytes: 40_000 }]),
    then: "torrent-invalid-name",
  },
  {
    given: "a name that is no UTF-16",
    draft: tree([{ path: ["\ud800"], lengthBytes: 40_000 }]),
    then: "torrent-invalid-name",
  },
  {
    given: "a path twice",
    draft: tree([
      { path: ["a"], lengthBytes: 20_000 },
      { path: ["a"], lengthBytes: 20_000 },
    ]),
    then: "torrent-invalid-name",
  },
  {
    given: "a path deeper than may be",
    draft: tree([{ path: Array.from({ length: 101 }, () => "d"), lengthBytes: 40_000 }]),
    then: "path-too-long",
  },
  {
    given: "a symbolic link that has bytes",
    draft: tree([{ path: ["a"], lengthBytes: 40_000, symlink: ["b"] }]),
    then: "torrent-invalid-length",
  },
  {
    given: "a symbolic link that leads out of the torrent",
    draft: tree([
      { path: ["a"], lengthBytes: 40_000 },
      { path: ["b"], lengthBytes: 0, symlink: ["..", "a"] },
    ]),
    then: "torrent-invalid-name",
  },
  {
    given: "padding that is a symbolic link",
    draft: tree([{ path: ["a"], lengthBytes: 0, symlink: ["b"], padding: true }]),
    then: "torrent-invalid-pad-file",
  },
  {
    given: "a hash too few",
    draft: givenDraft({ pieceHashes: new Uint8Array(40) }),
    then: "torrent-invalid-hashes",
  },
  {
    given: "v1 with roots",
    draft: givenDraft({ pieceRoots: new Uint8Array(96) }),
    then: "torrent-invalid-hashes",
  },
  {
    given: "a piece length of none",
    draft: givenDraft({ pieceLengthBytes: 0 }),
    then: "torrent-missing-piece-length",
  },
  {
    given: "a tracker that is no URL",
    draft: givenDraft({ trackers: [["tracker"]] }),
    then: "url-invalid",
  },
  {
    given: "a server of pieces that is no URL",
    draft: givenDraft({ httpSeeds: ["seed"] }),
    then: "url-invalid",
  },
] as const;

const ofV2 = [
  {
    given: "pieces of no power of two",
    draft: v2({ pieceLengthBytes: 49_152 }),
    then: "torrent-missing-piece-length",
  },
  {
    given: "pieces shorter than a block",
    draft: v2({ pieceLengthBytes: 8_192 }),
    then: "torrent-missing-piece-length",
  },
  {
    given: "a root too few",
    draft: v2({ pieceRoots: new Uint8Array(32).fill(1) }),
    then: "torrent-invalid-hashes",
  },
  {
    given: "v2 with SHA-1",
    draft: v2({ pieceHashes: new Uint8Array(40) }),
    then: "torrent-invalid-hashes",
  },
  {
    given: "a hybrid without SHA-1",
    draft: v2({ version: "hybrid" }),
    then: "torrent-invalid-hashes",
  },
  {
    given: "a file where a directory is",
    draft: v2({
      files: [
        { path: ["d"], lengthBytes: 1 },
        { path: ["d", "b"], lengthBytes: 1 },
      ],
    }),
    then: "torrent-invalid-name",
  },
  {
    given: "a path deeper than a tree may be",
    draft: v2({
      files: [
        { path: ["a"], lengthBytes: 1 },
        { path: Array.from({ length: 97 }, () => "d"), lengthBytes: 1 },
      ],
    }),
    then: "path-too-long",
  },
  {
    given: "a directory of one file, which a tree cannot tell from the file",
    draft: v2({ files: [{ path: ["a"], lengthBytes: 20_000 }] }),
    then: "torrent-inconsistent-files",
  },
  {
    given: "nothing but padding",
    draft: v2({ files: [{ path: ["a"], lengthBytes: 20_000, padding: true }] }),
    then: "no-files-in-torrent",
  },
] as const;

for (const { given, draft, then } of [...ofV1, ...ofV2]) {
  test(`draftViolation() given ${given}`, () => {
    equal(draftViolation(draft)?.code, then);
    throws(() => makeMetainfo(draft));
  });
}

test("draftViolation() given v2 as it should be, and a hybrid directory of one file", () => {
  equal(draftViolation(v2()), null);
  const files = [{ path: ["a"], lengthBytes: 20_000 }];
  equal(draftViolation(v2({ version: "hybrid", files, pieceHashes: new Uint8Array(40) })), null);
});

const MANY = FILES_MAX / 2 + 1;

const tooLarge = [
  {
    given: "a hybrid of more files than can be listed with their padding",
    draft: v2({
      version: "hybrid",
      files: Array.from({ length: MANY }, (_, index) => ({ path: [`${index}`], lengthBytes: 1 })),
      pieceHashes: new Uint8Array(MANY * 20),
      pieceRoots: new Uint8Array(MANY * 32),
    }),
    then: "too-many-files",
  },
  {
    given: "more bytes of hashes than a .torrent may have",
    draft: v2({
      version: "hybrid",
      single: true,
      name: "a",
      files: [{ path: ["a"], lengthBytes: 1_300_000 * 16_384 }],
      pieceHashes: new Uint8Array(1_300_000 * 20),
      pieceRoots: new Uint8Array(1_300_000 * 32),
    }),
    then: "metainfo-too-large",
  },
  {
    given: "more values than a reader takes",
    draft: tree(
      Array.from({ length: 150_000 }, (_, index) => ({
        path: [..."abcdefghijklmnop", `${index}`],
        lengthBytes: index === 0 ? 40_000 : 0,
      })),
    ),
    then: "token-limit-exceeded",
  },
] as const;

for (const { given, draft, then } of tooLarge) {
  test(`draftViolation() given ${given}`, () => equal(draftViolation(draft)?.code, then));
}
