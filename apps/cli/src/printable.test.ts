import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { printable } from "./printable.ts";

const harmless = [
  "debian-13.1",
  "Ünïcödé – 日本語 🎉",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "",
];

for (const text of harmless) {
  test(`printable() given "${text}" leaves it`, () => equal(printable(text), text));
}

const obeyed = [
  { given: "an escape sequence", text: "a\x1b[31mb", then: "a\\u{1b}[31mb" },
  { given: "one of a single character", text: "a\x9b31mb", then: "a\\u{9b}31mb" },
  { given: "ends of lines", text: "a\r\nb\u2028c\x85", then: "a\\u{d}\\u{a}b\\u{2028}c\\u{85}" },
  { given: "a tab, a bell and NUL", text: "\t\x07\0", then: "\\u{9}\\u{7}\\u{0}" },
  { given: "a turn of the direction", text: "a\u202egpj.exe", then: "a\\u{202e}gpj.exe" },
  { given: "an isolate", text: "\u2067a\u2069", then: "\\u{2067}a\\u{2069}" },
  { given: "half a character", text: "a\ud83d", then: "a\\u{d83d}" },
] as const;

for (const { given, text, then } of obeyed) {
  test(`printable() given ${given} spells it out`, () => equal(printable(text), then));
}

test("printable() lets no control character through, of any plane", () => {
  const through: string[] = [];
  for (let code = 0; code <= 0x1_ffff; code += 1) {
    const shown = printable(String.fromCodePoint(code));
    if (/[\p{Cc}\p{Cs}]/u.test(shown)) through.push(code.toString(16));
  }
  deepEqual(through, []);
});

test("printable() given a text without an end cuts it", () => {
  equal(printable("a".repeat(2_048)), "a".repeat(2_048));
  const escapes = printable("\x1b".repeat(3_000_000));
  equal(escapes, `${"\\u{1b}".repeat(2_048)}… and 2997952 characters more`);
});
