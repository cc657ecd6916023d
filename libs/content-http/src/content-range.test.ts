import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { parseContentRange } from "./content-range.ts";

const cases = [
  {
    given: "bytes 0-0/1",
    then: { kind: "part", firstByte: 0, lastByte: 0, sizeBytes: 1 },
  },
  {
    given: "Bytes 5-9/9007199254740991",
    then: { kind: "part", firstByte: 5, lastByte: 9, sizeBytes: 9_007_199_254_740_991 },
  },
  { given: "bytes */0", then: { kind: "unsatisfied", sizeBytes: 0 } },
  { given: undefined, then: null },
  { given: "bytes 0-0/*", then: null },
  { given: "bytes 0-9/9", then: null },
  { given: "bytes 2-1/9", then: null },
  { given: "bytes 0-0/9007199254740992", then: null },
  { given: "bytes */9007199254740992", then: null },
  { given: "bytes 0-0/1, bytes 0-0/1", then: null },
  { given: "items 0-0/1", then: null },
] as const;

for (const { given, then } of cases) {
  test(`parseContentRange() given ${given}`, () => deepEqual(parseContentRange(given), then));
}
