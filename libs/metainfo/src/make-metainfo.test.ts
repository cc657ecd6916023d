import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rootOf, unorderedKey } from "./bencoded.ts";
import { draftViolation, type MetainfoDraft, makeMetainfo } from "./make-metainfo.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { scanBencode } from "./scan-bencode.ts";
import { anyDraft, givenDraft } from "./testing.ts";

test("parseMetainfo() gives back what makeMetainfo() took", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const metainfo = parseMetainfo(makeMetainfo(draft));
      ok(metainfo.kind === "metainfo");
      const { name, single, pieceLengthBytes, pieceHashes, trackers, webSeeds } = metainfo;
      const { comment, createdBy, creationDateSeconds } = metainfo;
      const files = metainfo.files.map(({ offsetBytes: _, ...file }) => file);
      const settings = { trackers, webSeeds, comment, createdBy, creationDateSeconds };
      deepEqual(
        {
          name,
          single,
          files,
          pieceHashes,
          pieceLengthBytes,
          private: metainfo.private,
          ...settings,
        },
        { ...draft, trackers: draft.trackers?.filter((tier) => tier.length > 0) },
      );
    }),
  );
});

test("makeMetainfo() makes keys in order", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const tree = scanBencode(makeMetainfo(draft));
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

type Tree = MetainfoDraft["files"];
const tree = (files: Tree): MetainfoDraft => givenDraft({ single: false, files });

const refused = [
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
    given: "a hash too few",
    draft: givenDraft({ pieceHashes: new Uint8Array(40) }),
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
] as const;

for (const { given, draft, then } of refused) {
  test(`draftViolation() given ${given}`, () => {
    equal(draftViolation(draft)?.code, then);
    throws(() => makeMetainfo(draft));
  });
}
