import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import bencode from "bencode";
import fc from "fast-check";
import { type Bencoded, find, integerOf, itemsOf, rawOf, rootOf, textOf } from "./bencoded.ts";
import { scanBencode, tokenCount } from "./scan-bencode.ts";

const LIMITS = { bytesMax: 1_000, depthMax: 10, tokensMax: 100 } as const;
const { bytesMax, depthMax, tokensMax } = LIMITS;

const invalid = [
  { given: "no bytes", text: "", fault: "truncated" },
  { given: "an integer without end", text: "i12", fault: "truncated" },
  { given: "an integer without digits", text: "ie", fault: "unexpected-byte" },
  { given: "a minus alone", text: "i-e", fault: "unexpected-byte" },
  { given: "a fraction", text: "i1.5e", fault: "unexpected-byte" },
  { given: "a leading zero", text: "i07e", fault: "integer-not-canonical" },
  { given: "a negative zero", text: "i-0e", fault: "integer-not-canonical" },
  { given: "an unsafe integer", text: "i9007199254740992e", fault: "integer-out-of-range" },
  { given: "a very long integer", text: `i${"9".repeat(400)}e`, fault: "integer-out-of-range" },
  { given: "a string past the end", text: "5:four", fault: "truncated" },
  { given: "a length beyond all numbers", text: `${"9".repeat(400)}:a`, fault: "truncated" },
  { given: "a length with a leading zero", text: "01:a", fault: "length-not-canonical" },
  { given: "a length without a colon", text: "1a12", fault: "unexpected-byte" },
  { given: "an end that ends nothing", text: "e", fault: "unexpected-byte" },
  { given: "a list without end", text: "li1e", fault: "truncated" },
  { given: "a key that is an integer", text: "di1ei2ee", fault: "key-not-string" },
  { given: "a key without a value", text: "d1:ae", fault: "key-without-value" },
  { given: "a key twice in a row", text: "d1:ai1e1:ai2ee", fault: "key-duplicate" },
  { given: "a key twice out of order", text: "d1:bi1e1:ai2e1:bi3ee", fault: "key-duplicate" },
] as const;

for (const { given, text, fault } of invalid) {
  test(`scanBencode() given ${given}`, () => {
    const tree = scanBencode(givenBytes(text), LIMITS);
    ok("kind" in tree && tree.code === "invalid-bencoding");
    equal(tree.fault, fault);
  });
}

const limits = [
  {
    given: "lists nested too deep",
    bytes: givenBytes("l".repeat(depthMax + 1)),
    then: { kind: "violation", code: "depth-exceeded", max: depthMax },
  },
  {
    given: "too many values",
    bytes: givenBytes(`l${"0:".repeat(tokensMax)}e`),
    then: { kind: "violation", code: "token-limit-exceeded", max: tokensMax },
  },
  {
    given: "too many bytes",
    bytes: new Uint8Array(bytesMax + 1),
    then: { kind: "violation", code: "bencoding-too-long", max: bytesMax },
  },
] as const;

for (const { given, bytes, then } of limits) {
  test(`scanBencode() given ${given}`, () => deepEqual(scanBencode(bytes, LIMITS), then));
}

const atTheLimits = [
  { given: "lists as deep as may be", text: "l".repeat(depthMax) + "e".repeat(depthMax) },
  { given: "as many values as may be", text: `l${"0:".repeat(tokensMax - 1)}e` },
  { given: "as many bytes as may be", text: `${bytesMax - 4}:${"a".repeat(bytesMax - 4)}` },
] as const;

for (const { given, text } of atTheLimits) {
  test(`scanBencode() given ${given}`, () => {
    ok("tokens" in scanBencode(givenBytes(text), LIMITS));
  });
}

test("tokenCount() counts values and keys", () => {
  const tree = scanBencode(givenBytes("d1:ali1ei2eee"), LIMITS);
  ok("tokens" in tree);
  equal(tokenCount(tree), 5);
});

test("scanBencode() leaves alone what follows the value", () => {
  equal(Buffer.from(rawOf(scanned("d1:ai1ee\n"))).toString(), "d1:ai1ee");
});

test("find() and itemsOf() give raw and read values, of keys out of order too", () => {
  const root = scanned("d1:bl2:xyi-7ee9:__proto__d1:ci3eee");
  equal(find(root, "toString"), null);
  equal(find(root, "c"), null);
  equal(integerOf(find(find(root, "__proto__"), "c")), 3);
  const [first = null, second = null] = itemsOf(find(root, "b"));
  deepEqual([textOf(first), integerOf(first)], ["xy", null]);
  deepEqual([textOf(second), integerOf(second)], [null, -7]);
});

const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie("value"), { maxKeys: 5 }),
  ),
}));

test("scanBencode() takes all that an encoder makes, and its integers are safe", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = bencode.encode(value);
      deepEqual(Buffer.from(rawOf(scanned(bytes))), Buffer.from(bytes));
    }),
  );
});

test("scanBencode() never throws", () => {
  const anyBytes = fc.array(fc.constantFrom(..."dlie0123:-x"), { maxLength: 40 });
  fc.assert(
    fc.property(anyBytes, (characters) => {
      const tree = scanBencode(givenBytes(characters.join("")), LIMITS);
      if (!("kind" in tree)) rawOf(rootOf(tree));
    }),
    { numRuns: 2_000 },
  );
});

function scanned(text: string | Uint8Array): Bencoded {
  const bytes = typeof text === "string" ? givenBytes(text) : text;
  const tree = scanBencode(bytes, { bytesMax: 1e6, depthMax: 100, tokensMax: 1e6 });
  ok(!("kind" in tree));
  return rootOf(tree);
}

/** Bencoded text of a byte each character, so that a test can say what the bytes are. */
function givenBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
