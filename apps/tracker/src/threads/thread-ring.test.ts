import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { turn } from "@seedfleet/testkit";
import fc from "fast-check";
import { RING_BYTES, ringMemory, ThreadRing } from "./thread-ring.ts";

test("a ring gives what it took, in order, and takes no more than it has room for", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: RING_BYTES >> 2 }), { maxLength: 40 });
  fc.assert(
    fc.property(lengths, fc.infiniteStream(fc.boolean()), (batches, reads) => {
      const memory = ringMemory();
      const [writer, reader] = [new ThreadRing(memory), new ThreadRing(memory)];
      const into = new Uint8Array(RING_BYTES);
      const held: Uint8Array[] = [];
      const read = (): void => {
        const length = reader.read(into);
        deepEqual(into.slice(0, length), held.shift() ?? new Uint8Array());
      };
      for (const [at, length] of batches.entries()) {
        const batch = new Uint8Array(length + 3).fill(at + 1, 0, length);
        const bytes = held.reduce((sum, each) => sum + 16 + each.length, 0);
        const isTaken = writer.write(batch, length);
        if (isTaken) held.push(batch.slice(0, length));
        else equal(bytes + 16 + length > RING_BYTES, true);
        if (reads.next().value) read();
      }
      while (held.length > 0) read();
      read();
    }),
  );
});

test("a ring says when all connections that were handed over are answered", async () => {
  const memory = ringMemory();
  // As after many, short of the end of 32 bits.
  new Int32Array(memory).fill(-2, 4, 5);
  const [writer, reader] = [new ThreadRing(memory), new ThreadRing(memory)];
  equal(writer.takes, false);
  reader.setTakes();
  equal(writer.takes, true);
  await writer.settled(-2 >>> 0);
  const told: string[] = [];
  const settled = writer.settled(2).then(() => told.push("settled"));
  for (const left of [3, 2, 1]) {
    reader.addAnswered(1);
    equal(writer.unanswered(2), left);
    await turn();
    deepEqual(told, []);
  }
  reader.addAnswered(1);
  await settled;
  equal(writer.unanswered(2), 0);
});

test("a ring goes on behind the last of its positions", () => {
  const memory = ringMemory();
  // As after 4 GiB, short of the end of 32 bits.
  new Int32Array(memory).fill(-64, 0, 2);
  const [writer, reader] = [new ThreadRing(memory), new ThreadRing(memory)];
  const into = new Uint8Array(RING_BYTES);
  for (let each = 1; each < 20; each += 1) {
    equal(writer.write(new Uint8Array(9).fill(each), 9), true);
    equal(reader.read(into), 9);
    deepEqual(into.slice(0, 9), new Uint8Array(9).fill(each));
  }
});
