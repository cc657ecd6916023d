import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  encodeBytes,
  encodeDictionary,
  encodeValue,
  find,
  integerOf,
  joined,
  rawOf,
  rootOf,
  scanBencode,
} from "./index.ts";

test("the example of README.md holds", () => {
  const bytes = joined(
    encodeDictionary([
      ["piece", encodeValue(7)],
      ["data", encodeBytes(new Uint8Array(3))],
    ]),
  );
  equal(Buffer.from(bytes).toString("latin1"), "d4:data3:\0\0\x005:piecei7ee");

  const tree = scanBencode(bytes, { bytesMax: 1_000, depthMax: 8, tokensMax: 64 });
  ok(!("kind" in tree));
  equal(integerOf(find(rootOf(tree), "piece")), 7);
  equal(integerOf(find(rootOf(tree), "data")), null);
  equal(rawOf(rootOf(tree)).length, bytes.length);
});
