import { equal } from "node:assert/strict";
import { test } from "node:test";
import { reconnectDelayMs } from "./reconnect-delay.ts";

const config = { delayMsMin: 100, delayMsMax: 5_000 };

const cases = [
  { given: "the first attempt, no luck", attempt: 0, chance: 0, delayMs: 50 },
  { given: "the first attempt, all luck", attempt: 0, chance: 1, delayMs: 100 },
  { given: "the third attempt", attempt: 2, chance: 1, delayMs: 400 },
  { given: "the tenth attempt", attempt: 9, chance: 1, delayMs: 5_000 },
  { given: "an attempt after days", attempt: 1_000_000, chance: 0.5, delayMs: 3_750 },
] as const;

for (const { given, attempt, chance, delayMs } of cases) {
  test(`reconnectDelayMs() given ${given}`, () => {
    equal(reconnectDelayMs(config, attempt, chance), delayMs);
  });
}
