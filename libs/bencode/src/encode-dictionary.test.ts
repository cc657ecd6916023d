import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeBytes, encodeDictionary, encodeValue, joined } from "./encode-dictionary.ts";

test("encodeDictionary() sorts keys by their bytes, text and binary, and leaves null out", () => {
  const bytes = joined(
    encodeDictionary([
      ["\u{1f3ac}", encodeValue(1)],
      ["\uffee", encodeValue("é")],
      [Uint8Array.of(0xff), encodeBytes(Uint8Array.of(0))],
      ["none", encodeValue(null)],
      ["", encodeDictionary([])],
      ["__proto__", encodeValue([1])],
    ]),
  );
  equal(
    Buffer.from(bytes).toString("latin1"),
    `d0:de9:__proto__li1ee3:\xef\xbf\xae2:\xc3\xa94:\xf0\x9f\x8e\xaci1e1:\xff1:\0e`,
  );
});

test("encodeDictionary() gives the same for keys in any order", () => {
  const anyKeys = fc.uniqueArray(fc.uint8Array({ maxLength: 4 }), {
    selector: (key) => key.toHex(),
  });
  fc.assert(
    fc.property(anyKeys, (keys) => {
      const entries = keys.map((key) => [key, encodeBytes(key)] as const);
      const bytes = joined(encodeDictionary(entries));
      deepEqual(joined(encodeDictionary(entries.toReversed())), bytes);
    }),
  );
});
