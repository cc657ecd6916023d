import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copyBytes } from "./copy-bytes.ts";

const part = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(50), fc.nat(50));

for (const kind of ["shared", "own"] as const) {
  test(`copyBytes() to ${kind} memory is what set() does`, () => {
    fc.assert(
      fc.property(part, ([bytes, sourceAt, at]) => {
        const source = bytes.subarray(Math.min(sourceAt, bytes.length));
        const target = given(kind);
        copyBytes(source, target, at);
        const expected = new Uint8Array(LENGTH);
        expected.set(source, at);
        deepEqual(Uint8Array.from(target), expected);
      }),
    );
  });
}

test("copyBytes() within one memory may overlap", () => {
  const memory = Uint8Array.from([1, 2, 3, 4, 5, 6]);
  copyBytes(memory.subarray(0, 4), memory, 1);
  deepEqual(memory, Uint8Array.from([1, 1, 2, 3, 4, 6]));
});

const LENGTH = 256;

function given(kind: "shared" | "own"): Uint8Array {
  return new Uint8Array(
    kind === "shared" ? new SharedArrayBuffer(LENGTH) : new ArrayBuffer(LENGTH),
  );
}
