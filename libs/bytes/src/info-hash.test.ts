import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { infoHashBytes, infoHashFromBytes, parseInfoHash } from "./info-hash.ts";

const anyHash = fc.uint8Array({ minLength: 20, maxLength: 20 });

test("infoHashBytes() gives back what infoHashFromBytes() took", () => {
  fc.assert(
    fc.property(anyHash, (bytes) => deepEqual(infoHashBytes(infoHashFromBytes(bytes)), bytes)),
  );
});

test("parseInfoHash() reads what infoHashFromBytes() wrote, in either case", () => {
  fc.assert(
    fc.property(anyHash, (bytes) => {
      const infoHash = infoHashFromBytes(bytes);
      equal(parseInfoHash(infoHash), infoHash);
      equal(parseInfoHash(infoHash.toUpperCase()), infoHash);
    }),
  );
});

const refused = [
  { given: "no text", text: "" },
  { given: "39 digits", text: "a".repeat(39) },
  { given: "41 digits", text: "a".repeat(41) },
  { given: "a digit that is not hex", text: `g${"a".repeat(39)}` },
  { given: "a line feed after 40 digits", text: `${"a".repeat(40)}\n` },
  { given: "a v2 hash", text: "a".repeat(64) },
] as const;

for (const { given, text } of refused) {
  test(`parseInfoHash() given ${given}`, () => equal(parseInfoHash(text), null));
}

test("infoHashFromBytes() given 19 bytes is our own mistake", () => {
  throws(() => infoHashFromBytes(new Uint8Array(19)));
});
