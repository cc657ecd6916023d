import { fail } from "node:assert/strict";

/** Fails with one line for each thing that is wrong, each saying what to do. */
export function expectNone(wrong: readonly string[]): void {
  if (wrong.length > 0) fail(`\n${wrong.map((line) => `  ${line}`).join("\n")}\n`);
}
