import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GhostKeys } from "./ghost-keys.ts";

test("GhostKeys forgets the oldest keys beyond its bytes", () => {
  const ghosts = new GhostKeys({ bytesMax: 10, keysMax: 100 });
  for (const key of [1, 2, 3]) ghosts.add(key, 4);
  deepEqual(
    [1, 2, 3].map((key) => ghosts.take(key)),
    [false, true, true],
  );
  equal(ghosts.byteLength, 0);
});

test("GhostKeys forgets the oldest keys beyond its number", () => {
  const ghosts = new GhostKeys({ bytesMax: 10_000, keysMax: 2 });
  for (const key of [1, 2, 3]) ghosts.add(key, 4);
  deepEqual(
    [1, 2, 3].map((key) => ghosts.take(key)),
    [false, true, true],
  );
});

test("GhostKeys remembers nothing in no bytes", () => {
  const ghosts = new GhostKeys({ bytesMax: 0, keysMax: 4 });
  ghosts.add(7, 1);
  equal(ghosts.take(7), false);
});

// Few keys, so that they come back; far apart, so that both halves of the double count.
const keys = fc.nat(9).map((at) => at * (2 ** 49 + 12_345));
const steps = fc.array(
  fc.record({ adds: fc.boolean(), key: keys, bytes: fc.integer({ min: 1, max: 40 }) }),
  { maxLength: 200 },
);

test("GhostKeys agrees with a list whatever is added and taken", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (all, keysMax) => {
      const ghosts = new GhostKeys({ bytesMax: 100, keysMax });
      // A key that was taken leaves its place in the ring empty: bytes are 0 there.
      let model: { key: number; bytes: number }[] = [];
      const take = (key: number): boolean => {
        const held = model.find((each) => each.key === key && each.bytes > 0);
        if (held !== undefined) held.bytes = 0;
        return held !== undefined;
      };
      const byteLength = (): number => model.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { adds, key, bytes } of all) {
        if (adds) {
          ghosts.add(key, bytes);
          take(key);
          while (model.length === keysMax || byteLength() + bytes > 100) model = model.slice(1);
          model.push({ key, bytes });
        } else equal(ghosts.take(key), take(key));
        equal(ghosts.byteLength, byteLength());
        ok(ghosts.byteLength <= 100);
      }
    }),
  );
});
