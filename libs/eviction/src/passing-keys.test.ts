import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PassingKeys } from "./passing-keys.ts";
import { countVisitors, visitorMark } from "./visitors.ts";

const [A, B] = [visitorMark(1), visitorMark(2)];

test("PassingKeys.visit() counts the peers that asked for a piece, each once", () => {
  const keys = new PassingKeys({ bytesMax: 100, keysMax: 10 });
  const asked = [A, A, B, A].map((mark) => keys.visit(7, { bytes: 5, mark }));
  deepEqual(asked, [1, 1, 2, 2]);
  equal(keys.visit(8, { bytes: 5, mark: B }), 1);
  equal(countVisitors(keys.take(7)), 2);
  deepEqual([keys.take(7), keys.size, keys.byteLength], [0, 1, 5]);
});

for (const [given, limits] of [
  ["bytes", { bytesMax: 10, keysMax: 100 }],
  ["keys", { bytesMax: 1_000, keysMax: 2 }],
] as const) {
  test(`PassingKeys beyond its ${given} forgets what was asked for first`, () => {
    const keys = new PassingKeys(limits);
    for (const key of [1, 2, 1, 3]) keys.visit(key, { bytes: 5, mark: A });
    deepEqual(
      [1, 2, 3].map((key) => keys.take(key) > 0),
      [false, true, true],
    );
  });
}

test("PassingKeys given a piece longer than all it may know does not know it", () => {
  const keys = new PassingKeys({ bytesMax: 10, keysMax: 2 });
  deepEqual([keys.visit(1, { bytes: 11, mark: A }), keys.take(1), keys.byteLength], [1, 0, 0]);
});

const steps = fc.array(fc.record({ key: fc.nat(12), peer: fc.nat(8), takes: fc.boolean() }), {
  maxLength: 200,
});

test("PassingKeys keeps its limits, and never counts peers that did not ask", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const keys = new PassingKeys({ bytesMax: 3_000_000, keysMax: 6 });
      const asked = new Map<number, Set<number>>();
      for (const { key, peer, takes } of all) {
        const peers = asked.get(key) ?? new Set();
        if (takes) {
          ok(countVisitors(keys.take(key)) <= peers.size);
          asked.delete(key);
        } else {
          asked.set(key, peers.add(peer));
          const bytes = (key + 1) * 100_000;
          const count = keys.visit(key, { bytes, mark: visitorMark(peer) });
          ok(count >= 1 && count <= peers.size);
        }
        ok(keys.size <= 6 && keys.byteLength <= 3_000_000);
      }
    }),
  );
});
