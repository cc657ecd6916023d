import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { ratioSpread, spreadOf, spreadText } from "./spread.ts";

const cases = [
  { given: "one value", values: [7], then: { median: 7, min: 7, max: 7 } },
  { given: "an odd count", values: [30, 9, 100], then: { median: 30, min: 9, max: 100 } },
  { given: "an even count", values: [4, 1, 3, 2], then: { median: 2.5, min: 1, max: 4 } },
] as const;

for (const { given, values, then } of cases) {
  test(`spreadOf() given ${given}`, () => deepEqual(spreadOf(values), then));
}

test("spreadOf() refuses no values", () => {
  throws(() => spreadOf([]));
});

test("ratioSpread() divides run by run", () => {
  deepEqual(ratioSpread([20, 30, 10], [10, 10, 10]), { median: 2, min: 1, max: 3 });
});

test("ratioSpread() refuses runs without their other half", () => {
  throws(() => ratioSpread([1, 2], [1]));
});

test("spreadText() rounds all three alike", () => {
  equal(spreadText({ median: 2, min: 1.26, max: 10.04 }, 1), "2.0 (1.3–10.0)");
});
