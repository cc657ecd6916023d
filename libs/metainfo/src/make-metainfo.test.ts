import { deepEqual, equal, ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { find, rawOf, rootOf, unorderedKey } from "@seedfleet/bencode";
import bencode from "bencode";
import fc from "fast-check";
import { layoutTorrent } from "./layout-torrent.ts";
import { makeMetainfo } from "./make-metainfo.ts";
import type { MetainfoDraft } from "./metainfo-draft.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { rootOfPieceRoots } from "./piece-root.ts";
import { scanMetainfo } from "./scan-metainfo.ts";
import { anyDraft, givenDraft } from "./testing.ts";

/** What a draft must come back as: its files laid out, and no tier that is empty. */
function expectedOf(draft: MetainfoDraft): MetainfoDraft {
  const { version = "v1", trackers = [] } = draft;
  const { files } = layoutTorrent({ ...draft, version });
  return { ...draft, files, trackers: trackers.filter((tier) => tier.length > 0) };
}

test("parseMetainfo() gives back what makeMetainfo() took", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const metainfo = parseMetainfo(makeMetainfo(draft));
      ok(metainfo.kind === "metainfo");
      const { kind: _kind, infoHash: _v1, infoHashV2: _v2, infoBytes: _info, ...rest } = metainfo;
      const { sizeBytes: _size, pieceCount: _count, ...said } = rest;
      const files = said.files.map((file) => ({ ...file, piecesRoot: null }));
      deepEqual({ ...said, files }, expectedOf(draft));
    }),
    { numRuns: 300 },
  );
});

test("makeMetainfo() given files with padding or in another order gives the same bytes", () => {
  const anyV2 = anyDraft.filter(({ version }) => version !== "v1");
  fc.assert(
    fc.property(anyV2, (draft) => {
      const bytes = makeMetainfo(draft);
      deepEqual(makeMetainfo({ ...draft, files: draft.files.toReversed() }), bytes);
      deepEqual(makeMetainfo(expectedOf(draft)), bytes);
    }),
  );
});

test("makeMetainfo() makes keys in order", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const tree = scanMetainfo(makeMetainfo(draft));
      ok(!("kind" in tree));
      equal(unorderedKey(rootOf(tree)), null);
    }),
  );
});

test("makeMetainfo() gives the bytes of BEP 3", () => {
  const bytes = makeMetainfo(
    givenDraft({
      private: true,
      trackers: [["http://t.example/announce"]],
      comment: "é",
      createdBy: "Seedfleet",
      creationDateSeconds: 7,
      pieceHashes: Buffer.from("x".repeat(60)),
    }),
  );
  equal(
    Buffer.from(bytes).toString(),
    "d8:announce25:http://t.example/announce7:comment2:é10:created by9:Seedfleet" +
      "13:creation datei7e4:infod6:lengthi40000e4:name5:a.bin12:piece lengthi16384e" +
      `6:pieces60:${"x".repeat(60)}7:privatei1eee`,
  );
});

/** As the text of BEP 52 has it: names that lead to names, and at last to an empty one. */
type Tree = { [name: string]: Tree | { "": { [key: string]: unknown } } };

test("makeMetainfo() gives the bytes of BEP 52", () => {
  const pieceRoots = Buffer.concat([Buffer.alloc(96, "x"), Buffer.alloc(32, "y")]);
  const bytes = makeMetainfo(
    givenDraft({
      version: "v2",
      single: false,
      name: "t",
      files: [
        { path: ["b"], lengthBytes: 1, hidden: true, executable: true },
        { path: ["a", "é"], lengthBytes: 40_000 },
        { path: ["a", "link"], lengthBytes: 0, symlink: ["b"] },
      ],
      pieceHashes: null,
      pieceRoots,
    }),
  );
  const layer = pieceRoots.subarray(0, 96);
  const root = rootOfPieceRoots(layer, 16_384);
  const tree: Tree = {
    a: {
      link: { "": { attr: "l", length: 0, "symlink path": ["b"] } },
      é: { "": { length: 40_000, "pieces root": root } },
    },
    b: { "": { attr: "hx", length: 1, "pieces root": pieceRoots.subarray(96) } },
  };
  const info = { "file tree": tree, "meta version": 2, name: "t", "piece length": 16_384 };
  const layers = new Map([[root, layer]]);
  deepEqual(bytes, bencode.encode({ info, "piece layers": layers }));
});

// The names of two files whose order in UTF-16 is not that of their bytes.
test("makeMetainfo() sorts a file tree by bytes", () => {
  const names = ["\uffee", "\u{1f3ac}"] as const;
  const files = names.map((name) => ({ path: [name], lengthBytes: 1 })).toReversed();
  const pieceRoots = Buffer.alloc(64, "x");
  const draft = givenDraft({ version: "v2", single: false, files, pieceHashes: null, pieceRoots });
  const metainfo = parseMetainfo(makeMetainfo(draft));
  ok(metainfo.kind === "metainfo");
  deepEqual(
    metainfo.files.filter(({ padding }) => !padding).map(({ path }) => path),
    names.map((name) => [name]),
  );
});

test("makeMetainfo() gives info hashes of the info dictionary as it stands", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const bytes = makeMetainfo(draft);
      const tree = scanMetainfo(bytes);
      ok(!("kind" in tree));
      const info = find(rootOf(tree), "info");
      ok(info !== null);
      const [v1, v2] = [hash("sha1", rawOf(info)), hash("sha256", rawOf(info))];
      const metainfo = parseMetainfo(bytes);
      ok(metainfo.kind === "metainfo");
      const { version = "v1" } = draft;
      equal(metainfo.infoHash, version === "v2" ? v2.slice(0, 40) : v1);
      equal(metainfo.infoHashV2, version === "v1" ? null : v2);
    }),
  );
});
