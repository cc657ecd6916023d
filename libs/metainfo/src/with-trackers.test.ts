import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeMetainfo } from "./make-metainfo.ts";
import { parseMetainfo } from "./parse-metainfo.ts";
import { anyDraft, givenBytes } from "./testing.ts";
import { withTrackers } from "./with-trackers.ts";

const TIERS = [["udp://a.example:1/announce", "http://b.example/"], ["http://c.example/"]];

function replaced(bytes: Uint8Array, tiers: string[][]): Uint8Array {
  const made = withTrackers(bytes, tiers);
  ok(made instanceof Uint8Array);
  return made;
}

test("withTrackers() changes the trackers and nothing else", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const bytes = makeMetainfo(draft);
      deepEqual(parseMetainfo(replaced(bytes, TIERS)), {
        ...parseMetainfo(bytes),
        trackers: TIERS,
      });
    }),
  );
});

test("withTrackers() given no tiers takes the trackers away, and back comes the file", () => {
  fc.assert(
    fc.property(anyDraft, ({ trackers: _, ...draft }) => {
      const bytes = makeMetainfo(draft);
      deepEqual(replaced(replaced(bytes, TIERS), []), bytes);
    }),
  );
});

test("withTrackers() keeps an odd info dictionary to the bit, and keys it does not know", () => {
  const info = "4:infod1:zi0e1:ai-5ee";
  const bytes = givenBytes(`d${info}13:announce-listle4:\xff\xfe\xfd\xfcle8:announce1:xe\n`);
  equal(
    Buffer.from(replaced(bytes, [["http://t.example/"]])).toString("latin1"),
    `d8:announce17:http://t.example/${info}4:\xff\xfe\xfd\xfclee`,
  );
});

const refused = [
  { given: "no bencoding", text: "x", tiers: TIERS, then: "invalid-bencoding" },
  { given: "no info", text: "de", tiers: TIERS, then: "torrent-missing-info" },
  { given: "no URL", text: "d4:infodee", tiers: [["tracker"]], then: "url-invalid" },
] as const;

for (const { given, text, tiers, then } of refused) {
  test(`withTrackers() given ${given}`, () => {
    const violation = withTrackers(givenBytes(text), tiers);
    ok("kind" in violation);
    equal(violation.code, then);
  });
}
