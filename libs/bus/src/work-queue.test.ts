import { equal } from "node:assert/strict";
import { test } from "node:test";
import { jobRetryDelayMs } from "./work-queue.ts";

const cases = [
  { given: "the first failure", attempt: 1, delayMs: 1_000 },
  { given: "the third failure", attempt: 3, delayMs: 4_000 },
  { given: "the sixth failure", attempt: 6, delayMs: 32_000 },
  { given: "the seventh failure", attempt: 7, delayMs: 60_000 },
  { given: "failures for years", attempt: 1_000_000, delayMs: 60_000 },
] as const;

for (const { given, attempt, delayMs } of cases) {
  test(`jobRetryDelayMs() given ${given}`, () => {
    equal(jobRetryDelayMs(attempt), delayMs);
  });
}
