import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecentMap } from "./recent-map.ts";

const anyStep = fc.oneof(
  fc.record({ kind: fc.constant("put"), key: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constant("forget"), key: fc.constant(0) }),
);

test("RecentMap is as a Map whose keys are deleted and set again when they are used", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const recent = new RecentMap<number>();
      const model = new Map<string, number>();
      for (const [step, { kind, key: number }] of steps.entries()) {
        const key = String(number);
        if (kind === "put") {
          equal(recent.put(key, step), model.get(key));
          model.delete(key);
          model.set(key, step);
        } else {
          recent.forgetOldest();
          model.delete([...model.keys()][0] ?? "");
        }
        equal(recent.size, model.size);
        equal(recent.get(key), model.get(key));
      }
      deepEqual(drained(recent), [...model]);
    }),
  );
});

// What a Map deletes stays in the chain of its hash for a while: see RecentMap.
test("RecentMap deletes nothing of its Map when a key is used over and over", (context) => {
  const recent = new RecentMap<number>();
  for (let key = 0; key < 100; key += 1) recent.put(String(key), 0);
  const { mock } = context.mock.method(Map.prototype, "delete");
  for (let use = 1; use <= 1_000; use += 1) equal(recent.put("7", use), use - 1);
  equal(mock.callCount(), 0);
});

/** Its entries from the oldest on; it has none then. */
function drained(recent: RecentMap<number>): [string, number][] {
  const entries: [string, number][] = [];
  for (let oldest = recent.oldest; oldest !== null; oldest = recent.oldest) {
    entries.push([oldest.key, oldest.value]);
    recent.forgetOldest();
  }
  return entries;
}
