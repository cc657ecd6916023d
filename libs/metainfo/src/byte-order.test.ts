import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inByteOrder, inTreeOrder } from "./byte-order.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
  // Where UTF-16 and UTF-8 disagree, and the units next to it.
  fc
    .array(fc.constantFrom("a", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}"))
    .map((parts) => parts.join("")),
);

test("inByteOrder() is the order of the UTF-8", () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
      equal(Math.sign(inByteOrder(a, b)), order);
    }),
    { numRuns: 1_000 },
  );
});

test("inTreeOrder() puts a directory's files where it is, not where a slash would", () => {
  const paths = [["a", "z"], ["a!"], ["a", "b"], ["a"]];
  const sorted = paths.toSorted(inTreeOrder).map((path) => path.join("/"));
  equal(sorted.join(" "), "a a/b a/z a!");
});
