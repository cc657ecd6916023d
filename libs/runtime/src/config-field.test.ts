import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boolean, bytes, durationMs, integer, ratio, text, url } from "./config-field.ts";

const common = { env: "SEEDFLEET_X", doc: "X.", default: null };
const anyBytes = bytes(common);
const anyDuration = durationMs(common);

const cases = [
  { field: text(common), good: { a: "a", "a=b c": "a=b c" }, bad: [""] },
  { field: url(common), good: { "http://a:1": "http://a:1" }, bad: ["", "a b", "//a"] },
  {
    field: integer({ ...common, min: -1, max: 10 }),
    good: { "-1": -1, "10": 10, "007": 7 },
    bad: ["", "-2", "11", "1.0", "1e1", " 1", "0x1", "NaN", "99999999999999999999"],
  },
  { field: ratio(common), good: { "0": 0, "1": 1, "0.25": 0.25 }, bad: ["1.1", "-0", "1e-1", "."] },
  {
    field: anyBytes,
    good: { "0": 0, "64KiB": 65_536, "2TiB": 2 ** 41 },
    bad: ["", "1MB", "1 KiB", "1.5KiB", "KiB", "-1", "9007199254740992", "9000TiB"],
  },
  {
    field: anyDuration,
    good: { "15": 15, "15ms": 15, "2s": 2_000, "3m": 180_000, "1h": 3_600_000 },
    bad: ["", "1d", "s", "1.5s", "-1s"],
  },
  {
    field: boolean({ ...common, default: false }),
    good: { true: true, false: false },
    bad: ["", "1", "yes", "TRUE"],
  },
] as const;

for (const { field, good, bad } of cases) {
  test(`parse() given what is, and is not, ${field.allowed}`, () => {
    const parsed = Object.fromEntries(Object.keys(good).map((key) => [key, field.parse(key)]));
    deepEqual(parsed, good);
    deepEqual(
      bad.filter((value) => field.parse(value) !== null),
      [],
    );
  });
}

test("format() is read back by parse() for every number of bytes and every duration", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeNat(),
        fc.nat(100).map((n) => n * 2 ** 20),
      ),
      (value) => {
        equal(anyBytes.parse(anyBytes.format(value)), value);
        equal(anyDuration.parse(anyDuration.format(value)), value);
      },
    ),
  );
});
