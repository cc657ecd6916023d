import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Origins } from "./origins.ts";

test("Origins applies each batch once, and knows which are missing", () => {
  const origins = new Origins();
  origins.settle();
  equal(origins.heard("a", 1, false), true);
  equal(origins.heard("a", 1, false), false);
  equal(origins.heard("a", 4, false), true);
  deepEqual(origins.missingOf("a"), { from: 2, to: 3 });
  equal(origins.heard("a", 3, false), true);
  deepEqual(origins.missingOf("a"), { from: 2, to: 2 });
  equal(origins.heard("a", 2, false), true);
  equal(origins.missingOf("a"), null);
  equal(origins.heard("a", 2, false), false);
});

test("Origins learns of a loss at the end by an empty batch", () => {
  const origins = new Origins();
  origins.settle();
  origins.heard("a", 1, false);
  equal(origins.heard("a", 1, true), false);
  equal(origins.missingOf("a"), null);
  equal(origins.heard("a", 3, true), false);
  deepEqual(origins.missingOf("a"), { from: 2, to: 3 });
});

test("Origins of a newcomer applies nothing before its snapshot, and asks for it then", () => {
  const origins = new Origins();
  equal(origins.heard("a", 10, false), false);
  equal(origins.heard("b", 7, true), false);
  equal(origins.heard("c", 5, false), false);
  equal(origins.missingOf("a"), null);
  deepEqual([...origins.complete()], []);
  origins.adopt("a", 8);
  origins.adopt("b", 9);
  origins.adopt("d", 3);
  origins.settle();
  deepEqual(origins.missingOf("a"), { from: 9, to: 10 });
  equal(origins.missingOf("b"), null);
  deepEqual(origins.missingOf("c"), { from: 1, to: 5 });
  equal(origins.missingOf("d"), null);
  equal(origins.heard("b", 9, true), false);
  equal(origins.heard("d", 4, false), true);
  deepEqual(
    [...origins.complete()],
    [
      ["a", 8],
      ["c", 0],
      ["b", 9],
      ["d", 4],
    ],
  );
});

test("Origins asks for a snapshot where too much is missing, or it is gone", () => {
  const origins = new Origins();
  origins.settle();
  origins.heard("a", 1_000_000, false);
  equal(origins.missingOf("a"), "snapshot");
  origins.heard("b", 3, false);
  origins.giveUp("b");
  equal(origins.missingOf("b"), "snapshot");
  equal(origins.heard("b", 5, false), true);
  deepEqual([...origins.complete()], []);
  // Of another tracker, which has not all of it either.
  origins.adopt("b", 2);
  equal(origins.missingOf("b"), "snapshot");
  // What got lost while the snapshot came is asked for.
  origins.adopt("b", 3);
  deepEqual(origins.missingOf("b"), { from: 4, to: 4 });
  equal(origins.heard("b", 6, false), true);
});

test("Origins applies every batch exactly once, in whatever order and however often", () => {
  const anyOrder = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 });
  fc.assert(
    fc.property(anyOrder, (sequences) => {
      const origins = new Origins();
      origins.settle();
      const applied = new Set<number>();
      for (const sequence of sequences) {
        equal(origins.heard("a", sequence, false), !applied.has(sequence));
        applied.add(sequence);
      }
      const last = Math.max(0, ...sequences);
      for (let missing = origins.missingOf("a"); missing !== null; ) {
        if (missing === "snapshot") throw new Error("nothing is lost here");
        for (let at = missing.from; at <= missing.to; at += 1) {
          equal(origins.heard("a", at, false), true);
          applied.add(at);
        }
        missing = origins.missingOf("a");
      }
      equal(applied.size, last);
    }),
  );
});
