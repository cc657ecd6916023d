import { deepEqual, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LimitDemand, splitLimit } from "./split-limit.ts";

function wants(wantedBytesPerSecond: number, activePeers = 1): LimitDemand {
  return { wantedBytesPerSecond, activePeers };
}

const ALL = Number.POSITIVE_INFINITY;

const cases = [
  { given: "nobody", demands: [], then: [] },
  { given: "one", demands: [wants(0)], then: [1_000] },
  { given: "two that want nothing", demands: [wants(0, 0), wants(0, 0)], then: [500, 500] },
  { given: "two that want all", demands: [wants(ALL), wants(ALL)], then: [500, 500] },
  { given: "one that wants little", demands: [wants(105), wants(ALL)], then: [105, 895] },
  { given: "one that wants nothing", demands: [wants(ALL), wants(0, 0)], then: [995, 5] },
  {
    given: "three times the peers, beside an equal floor",
    demands: [wants(ALL, 1), wants(ALL, 3)],
    then: [5 + 990 / 4, 5 + (3 * 990) / 4],
  },
  {
    given: "less wanted than there is: the rest is spread",
    demands: [wants(105), wants(205)],
    then: [105 + 345, 205 + 345],
  },
] as const;

for (const { given, demands, then } of cases) {
  test(`splitLimit() given ${given}`, () => deepEqual(splitLimit(1_000, demands), then));
}

test("splitLimit() refuses what is no limit", () => {
  for (const limit of [-1, Number.NaN, ALL]) throws(() => splitLimit(limit, [wants(1)]));
});

const anyDemand = fc.record({
  wantedBytesPerSecond: fc.oneof(fc.constant(ALL), fc.double({ min: 0, max: 1e9, noNaN: true })),
  activePeers: fc.nat({ max: 5_000 }),
});

test("splitLimit() gives the limit out whole, and to nobody nothing", () => {
  const anyDemands = fc.array(anyDemand, { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e10, noNaN: true }), anyDemands, (limit, demands) => {
      const parts = splitLimit(limit, demands);
      const sum = parts.reduce((total, part) => total + part, 0);
      ok(Math.abs(sum / limit - 1) < 1e-9);
      ok(parts.every((part) => part >= (0.0099 * limit) / demands.length));
    }),
  );
});

test("splitLimit() gives no peer less than its part for another that has more", () => {
  const anyDemands = fc.array(anyDemand, { minLength: 2, maxLength: 16 });
  fc.assert(
    fc.property(fc.double({ min: 1e3, max: 1e9, noNaN: true }), anyDemands, (limit, demands) => {
      const parts = splitLimit(limit, demands);
      const floor = (0.01 * limit) / demands.length;
      const perPeer = parts.map((part, index) => {
        return (part - floor) / Math.max(1, demands[index]?.activePeers ?? 1);
      });
      for (const [index, { wantedBytesPerSecond }] of demands.entries()) {
        const isShort = (parts[index] ?? 0) < wantedBytesPerSecond * (1 - 1e-9);
        ok(!isShort || (perPeer[index] ?? 0) >= Math.max(...perPeer) * (1 - 1e-9));
      }
    }),
  );
});
