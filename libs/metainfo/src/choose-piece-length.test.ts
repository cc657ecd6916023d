import { equal } from "node:assert/strict";
import { test } from "node:test";
import { choosePieceLengthBytes } from "./choose-piece-length.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const cases = [
  { given: "one byte", sizeBytes: 1, then: 16 * KIB },
  { given: "just 2,000 of the shortest pieces", sizeBytes: 2_000 * 16 * KIB, then: 16 * KIB },
  { given: "one byte more", sizeBytes: 2_000 * 16 * KIB + 1, then: 32 * KIB },
  { given: "a gigabyte", sizeBytes: GIB, then: MIB },
  { given: "a terabyte", sizeBytes: 1024 * GIB, then: 16 * MIB },
] as const;

for (const { given, sizeBytes, then } of cases) {
  test(`choosePieceLengthBytes() given ${given}`, () => {
    equal(choosePieceLengthBytes(sizeBytes), then);
  });
}
