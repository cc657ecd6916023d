import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type HeapItem, MinHeap } from "./min-heap.ts";

type Named = HeapItem & { readonly name: number };

const anyStep = fc.record({
  name: fc.nat({ max: 40 }),
  key: fc.nat({ max: 100 }),
  does: fc.constantFrom("put", "put", "remove"),
});

test("MinHeap has the least first, whatever is put, moved and removed", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const items = Array.from({ length: 41 }, (_, name): Named => {
        return { name, key: 0, heapIndex: null };
      });
      const heap = new MinHeap<Named>();
      const model = new Map<number, number>();
      for (const { name, key, does } of steps) {
        const item = items[name];
        if (item === undefined) continue;
        if (does === "put") {
          heap.put(item, key);
          model.set(name, key);
        } else {
          heap.remove(item);
          model.delete(name);
        }
        equal(heap.firstKey, Math.min(...model.values()));
        equal(heap.has(item), model.has(name));
      }
      deepEqual(
        drain(heap),
        [...model.values()].toSorted((a, b) => a - b),
      );
    }),
  );
});

test("MinHeap knows an item of another heap from its own", () => {
  const [one, other] = [new MinHeap<Named>(), new MinHeap<Named>()];
  const item: Named = { name: 1, key: 0, heapIndex: null };
  one.put(item, 1);
  other.put({ name: 2, key: 0, heapIndex: null }, 1);
  equal(other.has(item), false);
  other.remove(item);
  equal(one.first, item);
});

function drain(heap: MinHeap<Named>): number[] {
  const keys: number[] = [];
  for (let first = heap.first; first !== null; first = heap.first) {
    keys.push(first.key);
    heap.remove(first);
  }
  return keys;
}
