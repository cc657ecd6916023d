import { deepEqual } from "node:assert/strict";
import { setTimeout as pass } from "node:timers/promises";

const POLL_MS = 50;

/** Asks again until the answer is this one; the runner's deadline says when it is late. */
export async function eventually<Value>(ask: () => Promise<Value>, expected: Value): Promise<void> {
  while (true) {
    const value = await ask();
    try {
      return deepEqual(value, expected);
    } catch {
      await pass(POLL_MS);
    }
  }
}
