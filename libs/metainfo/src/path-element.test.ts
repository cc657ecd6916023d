import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPathElement, numberedElement, pathElement } from "./path-element.ts";

const cases = [
  { given: "an honest name", name: "Straße 🎬.mkv", then: "Straße 🎬.mkv" },
  { given: "an empty name", name: "", then: "_" },
  { given: "the directory itself", name: ".", then: null },
  { given: "the parent directory", name: "..", then: null },
  { given: "a parent between separators", name: "/../", then: null },
  { given: "separators alone", name: "\\/", then: null },
  { given: "three dots", name: "...", then: "..." },
  { given: "a way up within", name: "a/../../b", then: "a....b" },
  { given: "a line feed and a NUL", name: "a\nb\u0000c", then: "a_bc" },
  { given: "a turn of writing direction", name: "a\u202egpj.exe", then: "agpj.exe" },
  { given: "spaces at the end", name: "a ", then: "a " },
  { given: "255 bytes", name: "n".repeat(255), then: "n".repeat(255) },
  { given: "256 bytes", name: "n".repeat(256), then: "n".repeat(255) },
  {
    given: "a long name's extension",
    name: `${"n".repeat(300)}.mp4`,
    then: `${"n".repeat(251)}.mp4`,
  },
  { given: "a cut within a character", name: "é".repeat(200), then: "é".repeat(127) },
] as const;

for (const { given, name, then } of cases) {
  test(`pathElement() given ${given}`, () => equal(pathElement(Buffer.from(name)), then));
}

test("pathElement() given bytes that are no UTF-8", () => {
  equal(pathElement(Uint8Array.of(0x61, 0xff, 0x62)), "a_b");
});

test("pathElement() gives a safe name that it gives again, or none", () => {
  const anyElement = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: "binary", maxLength: 300 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(anyElement, (bytes) => {
      const name = pathElement(bytes);
      ok(name === null || isPathElement(name));
      ok(name !== "." && name !== "..");
      ok(!/[/\\\0]/.test(name ?? ""));
      ok(Buffer.byteLength(name ?? "") <= 255);
    }),
    { numRuns: 1_000 },
  );
});

const numbered = [
  { name: "a.txt", then: "a.1.txt" },
  { name: "a", then: "a.1" },
  { name: ".hidden", then: ".1.hidden" },
  { name: "n".repeat(255), then: `${"n".repeat(253)}.1` },
  { name: `${"n".repeat(251)}.mp4`, then: `${"n".repeat(249)}.1.mp4` },
] as const;

for (const { name, then } of numbered) {
  test(`numberedElement() given ${name.slice(0, 10)}`, () => equal(numberedElement(name, 1), then));
}
