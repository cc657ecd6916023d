import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rateBasedSlots } from "./rate-based-slots.ts";

const anyRates = fc.array(fc.nat(100_000), { maxLength: 40 });

const cases = [
  { given: "nobody", rates: [], then: 1 },
  { given: "one below 1 KiB/s", rates: [1_023], then: 1 },
  { given: "one at 1 KiB/s", rates: [1_024], then: 2 },
  { given: "a second below its 3 KiB/s", rates: [3_071, 3_071], then: 2 },
  { given: "a slow one before fast ones", rates: [10, 5_120, 5_120, 5_120], then: 4 },
] as const;

for (const { given, rates, then } of cases) {
  test(`rateBasedSlots() given ${given}`, () => {
    equal(rateBasedSlots(rates), then);
  });
}

test("rateBasedSlots() opens from one slot to one more than there are peers", () => {
  fc.assert(
    fc.property(anyRates, (rates) => {
      const slots = rateBasedSlots(rates);
      ok(slots >= 1 && slots <= rates.length + 1);
      equal(rateBasedSlots(rates.toReversed()), slots);
    }),
  );
});

test("rateBasedSlots() counts exactly the fastest that take their minimum", () => {
  fc.assert(
    fc.property(anyRates, (rates) => {
      const counted = rateBasedSlots(rates) - 1;
      const enough = rates.toSorted((a, b) => b - a).map((rate, at) => rate >= 1_024 + 2_048 * at);
      deepEqual(enough.slice(0, counted), Array(counted).fill(true));
      ok(enough[counted] !== true);
    }),
  );
});

test("rateBasedSlots() closes none when a peer comes or becomes faster", () => {
  fc.assert(
    fc.property(anyRates, fc.nat(100_000), fc.nat(39), (rates, more, at) => {
      const slots = rateBasedSlots(rates);
      ok(rateBasedSlots([...rates, more]) >= slots);
      ok(rateBasedSlots(rates.map((rate, each) => (each === at ? rate + more : rate))) >= slots);
    }),
  );
});
