import { ok } from "node:assert/strict";
import { test } from "node:test";
import { type AdversaryCase, adversaryGain } from "./adversary.ts";
import { mean } from "./mean.ts";

const SEEDS = [1, 2];

const cases: readonly (Pick<AdversaryCase, "tricks" | "dependsOn"> & { readonly given: string })[] =
  [
    {
      given: "BitTyrant that comes again under new ids, where all comes from the gateway",
      tricks: ["gives-least", "hides-pieces", "new-ids-at-gateways"],
      dependsOn: "gateway",
    },
    {
      given: "an honest giver that comes again under new ids, where all comes from the gateway",
      tricks: ["hides-pieces", "new-ids-at-gateways"],
      dependsOn: "gateway",
    },
    {
      given: "BitTyrant that comes again under new ids, where most comes from leechers",
      tricks: ["gives-least", "hides-pieces", "new-ids-at-gateways"],
      dependsOn: "leechers",
    },
  ];

for (const { given, ...adversary } of cases) {
  test(`legout gives at most 10 % more to ${given}`, () => {
    const gains = SEEDS.map((seed) => adversaryGain({ seed, policy: "legout", ...adversary }).gain);
    ok(mean(gains) <= 0.1, `seeds ${SEEDS}: it had ${gains} more`);
  });
}
