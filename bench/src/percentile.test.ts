import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { percentile } from "./percentile.ts";

const HUNDRED = Array.from({ length: 100 }, (_, at) => 100 - at);

const cases = [
  { given: "the middle of a hundred", values: HUNDRED, percent: 50, then: 50 },
  { given: "all but one of a hundred", values: HUNDRED, percent: 99, then: 99 },
  { given: "all", values: HUNDRED, percent: 100, then: 100 },
  { given: "one value", values: [7], percent: 50, then: 7 },
  { given: "few values, of which it is the last", values: [3, 1, 2], percent: 99, then: 3 },
] as const;

for (const { given, values, percent, then } of cases) {
  test(`percentile() given ${given}`, () => equal(percentile(values, percent), then));
}

test("percentile() refuses no values", () => {
  throws(() => percentile([], 50));
});
