import { ok } from "node:assert/strict";
import { test } from "node:test";
import { mean } from "./mean.ts";
import { reciprocation } from "./reciprocation.ts";
import { CLASS_NAMES, EVEN_CLASSES } from "./three-classes.ts";

const SEEDS = [1, 2];

test("who gives nothing takes twice as long as the honest of its class, who lose 5 %", () => {
  const given = { rates: EVEN_CLASSES, leecherSlots: 4, pieceCount: 113 };
  const runs = SEEDS.map((seed) => reciprocation({ seed, ...given }));
  for (const { seed, riderTakesTimes } of runs) {
    for (const name of CLASS_NAMES) {
      const times = riderTakesTimes[name];
      ok(times >= 2, `seed ${seed}: a ${name} free rider took ${times} times as long`);
    }
  }
  const loss = mean(runs.map(({ honestLoss }) => honestLoss));
  ok(loss <= 0.05, `seeds ${SEEDS}: honest peers lost ${loss}`);
});
