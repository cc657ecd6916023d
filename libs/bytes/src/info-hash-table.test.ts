import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { InfoHashTable } from "./info-hash-table.ts";

test("InfoHashTable numbers what is in it, and gives numbers again", () => {
  const table = new InfoHashTable(7);
  equal(table.find(givenHash(1)), -1);
  equal(table.add(givenHash(1)), 0);
  equal(table.add(givenHash(2)), 1);
  equal(table.add(givenHash(1)), 0);
  equal(table.remove(givenHash(1)), 0);
  equal(table.remove(givenHash(1)), -1);
  equal(table.find(givenHash(2)), 1);
  equal(table.add(givenHash(3)), 0);
  equal(table.size, 2);
  const read = new Uint8Array(20);
  table.read(0, read);
  deepEqual(read, givenHash(3));
});

const anyChange = fc.record({ adds: fc.boolean(), which: fc.nat(60) });

test("InfoHashTable finds what a map finds, whatever was added and removed", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(anyChange, { maxLength: 400 }),
      fc.boolean(),
      (seed, changes, crowded) => {
        const table = new InfoHashTable(seed);
        const model = new Map<number, number>();
        // Crowded hashes differ in their last byte alone.
        const hashOf = crowded ? givenNeighbour : givenHash;
        for (const { adds, which } of changes) {
          if (adds) model.set(which, table.add(hashOf(which)));
          else equal(table.remove(hashOf(which)), model.get(which) ?? -1);
          if (!adds) model.delete(which);
        }
        equal(table.size, model.size);
        equal(new Set(model.values()).size, model.size);
        for (let which = 0; which <= 60; which += 1) {
          equal(table.find(hashOf(which)), model.get(which) ?? -1);
        }
        ok(table.slotsUsed >= table.size);
      },
    ),
  );
});

test("InfoHashTable takes at most 64 bytes for each of very many", () => {
  const table = new InfoHashTable(1);
  for (let which = 0; which < 20_000; which += 1) table.add(givenHash(which));
  equal(table.size, 20_000);
  ok(table.bytes / table.size <= 64, `${table.bytes / table.size} bytes each`);
});

function givenHash(which: number): Uint8Array {
  return new Uint8Array(createHash("sha1").update(String(which)).digest());
}

function givenNeighbour(which: number): Uint8Array {
  const hash = new Uint8Array(20).fill(0xab);
  hash[19] = which;
  return hash;
}
