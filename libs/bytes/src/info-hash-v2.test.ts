import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { infoHashBytes } from "./info-hash.ts";
import { parseInfoHashV2, truncatedInfoHash } from "./info-hash-v2.ts";

const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());

test("parseInfoHashV2() reads 64 digits of either case, and they are always lower-case", () => {
  fc.assert(
    fc.property(anyHash, (hex) => {
      equal(parseInfoHashV2(hex), hex);
      equal(parseInfoHashV2(hex.toUpperCase()), hex);
    }),
  );
});

test("truncatedInfoHash() is the first 20 bytes", () => {
  fc.assert(
    fc.property(anyHash, (hex) => {
      const infoHashV2 = parseInfoHashV2(hex);
      const infoHash = infoHashV2 && truncatedInfoHash(infoHashV2);
      equal(infoHash, hex.slice(0, 40));
      equal(infoHash && infoHashBytes(infoHash).length, 20);
    }),
  );
});

const refused = [
  { given: "no text", text: "" },
  { given: "63 digits", text: "a".repeat(63) },
  { given: "a v1 hash", text: "a".repeat(40) },
  { given: "a digit that is not hex", text: `g${"a".repeat(63)}` },
  { given: "a line feed after 64 digits", text: `${"a".repeat(64)}\n` },
  { given: "a multihash", text: `1220${"a".repeat(64)}` },
] as const;

for (const { given, text } of refused) {
  test(`parseInfoHashV2() given ${given}`, () => equal(parseInfoHashV2(text), null));
}
