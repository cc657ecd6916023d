import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HANDOUT_POLICIES, HANDOUT_POLICY_NAMES } from "./handout-policy.ts";

const cases = [
  { given: "an empty swarm", swarm: [0, 0], then: 4 },
  { given: "a few complete peers", swarm: [7, 0], then: 4 },
  { given: "as many as do for a gateway", swarm: [8, 0], then: 3 },
  { given: "as many as do for all", swarm: [32, 0], then: 1 },
  { given: "thousands", swarm: [5_000, 10], then: 1 },
  { given: "complete peers that are all in the reply", swarm: [16, 20], then: 2 },
  { given: "the same lost among thousands", swarm: [16, 5_000], then: 4 },
  { given: "half of thousands", swarm: [5_000, 5_000], then: 1 },
] as const;

for (const { given, swarm, then } of cases) {
  test(`completeness given ${given} hands out ${then} of 4 gateways`, () => {
    const [seeders, leechers] = swarm;
    equal(HANDOUT_POLICIES.completeness.gatewaysOf(4, 50, { seeders, leechers }), then);
  });
}

test("every policy hands out a gateway, and no more than it may", () => {
  const count = fc.nat({ max: 100_000 });
  const few = fc.integer({ min: 1, max: 200 });
  const name = fc.constantFrom(...HANDOUT_POLICY_NAMES);
  fc.assert(
    fc.property(name, few, few, count, count, (policy, max, numWant, seeders, leechers) => {
      const swarm = { seeders, leechers };
      const gateways = HANDOUT_POLICIES[policy].gatewaysOf(max, numWant, swarm);
      return Number.isInteger(gateways) && gateways >= 1 && gateways <= max;
    }),
  );
});
