import { equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryPool } from "./memory-pool.ts";

const K = 1024;

test("take() given what came back gives the same memory again, and only once", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  const first = pool.take(512 * K);
  const { buffer } = first;
  pool.give(first);
  equal(pool.freeBytes, 512 * K);
  const second = pool.take(510 * K);
  equal(second.length, 510 * K);
  equal(second.buffer, buffer);
  equal(pool.freeBytes, 0);
  notEqual(pool.take(512 * K).buffer, buffer);
});

test("give() takes a view for the whole, and nothing twice", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  const memory = pool.take(100 * K);
  pool.give(memory.subarray(10, 20));
  pool.give(memory);
  equal(pool.freeBytes, 128 * K);
  equal(pool.take(128 * K).buffer, memory.buffer);
});

test("give() ignores memory that is not the pool's", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  pool.give(new Uint8Array(64 * K));
  pool.give(new MemoryPool({ freeBytesMax: 1024 * K }).take(64 * K));
  equal(pool.freeBytes, 0);
});

test("give() keeps no more than it may", () => {
  const pool = new MemoryPool({ freeBytesMax: 128 * K });
  const memories = [pool.take(64 * K), pool.take(64 * K), pool.take(64 * K)];
  for (const memory of memories) pool.give(memory);
  equal(pool.freeBytes, 128 * K);
});

test("clear() keeps nothing, and what is out comes back as ever", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  const [first, second] = [pool.take(64 * K), pool.take(64 * K)];
  pool.give(first);
  pool.clear();
  equal(pool.freeBytes, 0);
  pool.give(second);
  equal(pool.take(64 * K).buffer, second.buffer);
  notEqual(pool.take(64 * K).buffer, first.buffer);
});

test("trim() leaves what nobody needed since it was last asked for", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  const memories = [pool.take(64 * K), pool.take(64 * K), pool.take(64 * K)];
  for (const memory of memories) pool.give(memory);
  pool.trim();
  equal(pool.freeBytes, 192 * K);
  // One is in use now and then, the others never.
  pool.give(pool.take(64 * K));
  pool.trim();
  equal(pool.freeBytes, 64 * K);
  equal(pool.take(64 * K).buffer, memories[2]?.buffer);
  pool.trim();
  equal(pool.freeBytes, 0);
});

test("trim() keeps what is in use", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  pool.trim();
  const memory = pool.take(64 * K);
  pool.trim();
  pool.give(memory);
  pool.trim();
  equal(pool.freeBytes, 64 * K);
  pool.trim();
  equal(pool.freeBytes, 0);
});

test("take() given what is short takes little, and the same again", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  for (const [lengthBytes, slotBytes] of [
    [0, 4 * K],
    [1_000, 4 * K],
    [16 * K, 16 * K],
    [63 * K, 64 * K],
  ] as const) {
    const first = pool.take(lengthBytes);
    pool.give(first);
    equal(pool.freeBytes, slotBytes);
    equal(pool.take(lengthBytes).buffer, first.buffer);
  }
});

test("take() given a short length leaves long memory for a long one", () => {
  const pool = new MemoryPool({ freeBytesMax: 1024 * K });
  const long = pool.take(512 * K);
  pool.give(long);
  notEqual(pool.take(128 * K).buffer, long.buffer);
  equal(pool.take(512 * K).buffer, long.buffer);
});

test("take() of a shared pool gives memory that threads see, and takes it back", () => {
  const pool = new MemoryPool({ freeBytesMax: 128 * K, shared: true });
  const memory = pool.take(64 * K);
  ok(memory.buffer instanceof SharedArrayBuffer);
  pool.give(memory);
  equal(pool.take(64 * K).buffer, memory.buffer);
});

test("take() begins memory on a cache line where the system gives it as it does here", () => {
  equal(new MemoryPool({ freeBytesMax: 0 }).take(1).byteOffset, 48);
});

const anyUse = fc.array(
  fc.oneof(
    fc.record({ take: fc.integer({ min: 0, max: 300 * K }) }),
    fc.record({ give: fc.nat() }),
  ),
  { maxLength: 60 },
);

test("MemoryPool never gives to two what one holds, whatever is taken and given", () => {
  fc.assert(
    fc.property(anyUse, (uses) => {
      const pool = new MemoryPool({ freeBytesMax: 512 * K });
      const held: Uint8Array[] = [];
      for (const use of uses) {
        if ("take" in use) {
          const memory = pool.take(use.take);
          equal(memory.length, use.take);
          ok(held.every(({ buffer }) => buffer !== memory.buffer));
          held.push(memory);
        } else {
          const [memory] = held.splice(use.give % Math.max(1, held.length), 1);
          if (memory !== undefined) pool.give(memory);
        }
        ok(pool.freeBytes <= 512 * K);
      }
    }),
  );
});
