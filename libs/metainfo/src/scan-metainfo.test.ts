import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { rawOf, rootOf } from "@seedfleet/bencode";
import { BENCODE_DEPTH_MAX, BENCODE_TOKENS_MAX, METAINFO_BYTES_MAX } from "./limits.ts";
import { scanMetainfo } from "./scan-metainfo.ts";
import { givenBytes } from "./testing.ts";

const refused = [
  {
    given: "lists nested too deep",
    bytes: givenBytes("l".repeat(BENCODE_DEPTH_MAX + 1)),
    then: { kind: "violation", code: "depth-exceeded", max: BENCODE_DEPTH_MAX },
  },
  {
    given: "too many values",
    bytes: givenBytes(`l${"0:".repeat(BENCODE_TOKENS_MAX)}e`),
    then: { kind: "violation", code: "token-limit-exceeded", max: BENCODE_TOKENS_MAX },
  },
  {
    given: "too many bytes",
    bytes: new Uint8Array(METAINFO_BYTES_MAX + 1),
    then: { kind: "violation", code: "metainfo-too-large", max: METAINFO_BYTES_MAX },
  },
  {
    given: "no bencoding",
    bytes: givenBytes("d1:ai07ee"),
    then: {
      kind: "violation",
      code: "invalid-bencoding",
      fault: "integer-not-canonical",
      atByte: 4,
    },
  },
] as const;

for (const { given, bytes, then } of refused) {
  test(`scanMetainfo() given ${given}`, () => deepEqual(scanMetainfo(bytes), then));
}

test("scanMetainfo() given lists nested as deep as may be, and a line feed", () => {
  const text = "l".repeat(BENCODE_DEPTH_MAX) + "e".repeat(BENCODE_DEPTH_MAX);
  const tree = scanMetainfo(givenBytes(`${text}\n`));
  ok(!("kind" in tree));
  equal(rawOf(rootOf(tree)).length, text.length);
});
