import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeMetainfo } from "./make-metainfo.ts";
import { type Metainfo, pieceHash, pieceLengthAt } from "./metainfo.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { anyDraft, givenBytes, givenDraft, givenFile } from "./testing.ts";

const HASH = "6:pieces20:01234567890123456789";

/** A .torrent file with this in its info dictionary besides a name, one hash and a piece length. */
function givenInfo(keys: string): Uint8Array {
  return givenBytes(`d4:infod${keys}4:name1:n12:piece lengthi16384e${HASH}ee`);
}

function givenMetainfo(bytes: Uint8Array): Metainfo {
  const metainfo = parseMetainfo(bytes);
  ok(metainfo.kind === "metainfo", JSON.stringify(metainfo));
  return metainfo;
}

const refused = [
  { given: "a list", bytes: givenBytes("le"), then: "torrent-is-no-dict" },
  { given: "no info", bytes: givenBytes("de"), then: "torrent-missing-info" },
  { given: "no length", bytes: givenInfo(""), then: "torrent-invalid-length" },
  {
    given: "a length that only an inherited property would have",
    bytes: givenInfo("9:__proto__d6:lengthi5ee"),
    then: "torrent-invalid-length",
  },
  {
    given: "a file that is no dictionary",
    bytes: givenInfo("5:filesli1ee"),
    then: "torrent-file-parse-failed",
  },
  {
    given: "a path element that is no string",
    bytes: givenInfo("5:filesld6:lengthi1e4:pathli1eeee"),
    then: "torrent-invalid-name",
  },
  {
    given: "a path longer than may be",
    bytes: givenInfo(`5:filesld6:lengthi1e4:pathl${"0:".repeat(101)}eee`),
    then: "path-too-long",
  },
  {
    given: "a file longer than may be",
    bytes: givenInfo("6:lengthi17592186028032e"),
    then: "torrent-invalid-length",
  },
  {
    given: "files that together need too many pieces",
    bytes: givenInfo(`5:filesl${"d6:lengthi17592186028031e4:pathl1:aee".repeat(40)}e`),
    then: "too-many-pieces-in-torrent",
  },
  {
    given: "v2 without a file tree",
    bytes: givenInfo("6:lengthi1e12:meta versioni2e"),
    then: "torrent-missing-file-tree",
  },
  {
    given: "v2 without files",
    bytes: givenInfo("9:file treed1:ad1:bdeee12:meta versioni2e"),
    then: "no-files-in-torrent",
  },
  {
    given: "padding that is a symbolic link",
    bytes: givenInfo("5:filesld4:attr2:lp4:pathl1:aeee"),
    then: "torrent-invalid-pad-file",
  },
  {
    given: "a version to come",
    bytes: givenInfo("6:lengthi1e12:meta versioni3e"),
    then: "torrent-unknown-version",
  },
  {
    given: "a version and keys out of order",
    bytes: givenInfo("12:meta versioni2e6:lengthi1e"),
    then: "invalid-bencoding",
  },
  {
    given: "a file tree without a version",
    bytes: givenInfo("9:file treede6:lengthi1e"),
    then: "torrent-missing-meta-version",
  },
] as const;

for (const { given, bytes, then } of refused) {
  test(`parseMetainfo() given ${given}`, () => {
    const violation = parseMetainfo(bytes);
    ok(violation.kind === "violation");
    equal(violation.code, then);
  });
}

test("parseMetainfo() given files that are all sorts", () => {
  const { files, single, sizeBytes } = givenMetainfo(
    givenInfo(
      "5:filesl" +
        "d6:lengthi3e4:pathl1:d5:a.txtee" +
        "d4:attr1:p6:lengthi5ee" +
        "d4:attr2:lx6:lengthi9e4:pathl4:linke12:symlink pathl2:..1:d6:a\\.txtee" +
        "d4:attr1:l6:lengthi9e4:pathl4:deadee" +
        "d4:attr3:h?!6:lengthi4e4:pathl0:e10:path.utf-8l2:..1:/ee" +
        "e",
    ),
  );
  equal(single, false);
  equal(sizeBytes, 12);
  deepEqual(files, [
    givenFile({ path: ["d", "a.txt"], lengthBytes: 3 }),
    givenFile({ path: [".pad", "5"], lengthBytes: 5, offsetBytes: 3, padding: true }),
    givenFile({ path: ["link"], offsetBytes: 8, executable: true, symlink: ["d", "a.txt"] }),
    givenFile({ path: ["dead"], offsetBytes: 8 }),
    givenFile({ path: ["_"], lengthBytes: 4, offsetBytes: 8, hidden: true }),
  ]);
});

test("parseMetainfo() given trackers and web seeds of all sorts", () => {
  const info = `4:infod6:lengthi1e4:name1:n12:piece lengthi16384e${HASH}e`;
  const tiers = "13:announce-listll7:\t a://ai1e6:b://b 8:nonsenseel5:c://c5:b://bee";
  const seeds = "8:url-listl5:w://w5:w://w0:i7ee";
  const { trackers, webSeeds, httpSeeds } = givenMetainfo(
    givenBytes(`d8:announce5:x://x${tiers}9:httpseeds5:h://h${info}${seeds}e`),
  );
  deepEqual(trackers, [["a://a", "b://b"], ["c://c"]]);
  deepEqual(webSeeds, ["w://w"]);
  deepEqual(httpSeeds, ["h://h"]);
});

test("parseMetainfo() given hints within the info dictionary and beside it", () => {
  const [a, b] = ["a".repeat(20), "b".repeat(20)];
  const { similar, collections, source } = givenMetainfo(
    givenBytes(
      `d11:collectionsl1:x1:y0:e4:infod11:collectionsl1:yi1ee6:lengthi1e4:name1:n` +
        `12:piece lengthi16384e${HASH}7:similarl20:${a}5:shorte6:source4:heree` +
        `7:similarl20:${b}20:${a}ee`,
    ),
  );
  deepEqual(
    similar,
    [a, b].map((text) => Buffer.from(text).toString("hex")),
  );
  deepEqual(collections, ["y", "x"]);
  equal(source, "here");
});

test("parseMetainfo() keeps none of the bytes it was given", () => {
  const bytes = makeMetainfo(givenDraft({ pieceHashes: new Uint8Array(60).fill(7) }));
  const metainfo = givenMetainfo(bytes);
  const before = structuredClone(metainfo);
  bytes.fill(0);
  deepEqual(structuredClone(metainfo), before);
});

test("pieceLengthAt() and pieceHash() speak of the piece", () => {
  const pieceHashes = Uint8Array.from({ length: 60 }, (_, index) => Math.floor(index / 20));
  const metainfo = givenMetainfo(makeMetainfo(givenDraft({ pieceHashes })));
  deepEqual(
    [0, 1, 2].map((piece) => pieceLengthAt(metainfo, piece)),
    [16_384, 16_384, 7_232],
  );
  deepEqual(pieceHash(metainfo, 2), new Uint8Array(20).fill(2));
});

/** Values of every kind, and what makes one sort of file or torrent out of another. */
const MUTATIONS = [
  ...["e", "d", "i-1e", "le", "de", "0:", "i99999999999e", "d0:de", "d0:d6:lengthi1eee"],
  ...["6:lengthi1e", "6:lengthi17592186028031e", "4:attr1:l", "4:attr1:p", "1:/", "2:.."],
  ...["12:meta versioni2e", "12:meta versioni0e", "9:file treede", "5:filesle"],
] as const;

test("parseMetainfo() never throws on any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseMetainfo(bytes)));
});

test("parseMetainfo() never throws on a torrent with some bytes changed", () => {
  const anyChange = fc.record({
    at: fc.nat(),
    removed: fc.nat(3),
    inserted: fc.oneof(
      fc.constantFrom(...MUTATIONS).map(givenBytes),
      fc.uint8Array({ maxLength: 3 }),
    ),
  });
  fc.assert(
    fc.property(anyDraft, fc.array(anyChange, { minLength: 1, maxLength: 4 }), (draft, changes) => {
      let bytes = makeMetainfo(draft);
      for (const { at, removed, inserted } of changes) {
        const from = at % bytes.length;
        const rest = bytes.subarray(from + removed);
        bytes = Uint8Array.from([...bytes.subarray(0, from), ...inserted, ...rest]);
      }
      parseMetainfo(bytes);
    }),
    { numRuns: 1_000 },
  );
});
