import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { BatchLog } from "./batch-log.ts";
import { DeltaWriter, readDeltaHeader, stampBatch } from "./delta-batch.ts";

test("BatchLog sends what it has once more, with its age", () => {
  const log = new BatchLog({ bytesMax: 10_000, ageMsMax: 60_000 });
  for (let at = 1; at <= 3; at += 1) log.add(givenBatch(log.next), at * 1_000);
  equal(log.last, 3);
  equal(log.has(2, 3), true);
  equal(log.has(3, 4), false);
  const replayed = [...log.replay(2, 3, 5_000)].map(readDeltaHeader);
  deepEqual(
    replayed.map((header) => [header?.sequence, header?.ageMs]),
    [
      [2, 3_000],
      [3, 2_000],
    ],
  );
});

test("BatchLog forgets the oldest where there are too many bytes, and what is too old", () => {
  const [batch] = [givenBatch(1)];
  const log = new BatchLog({ bytesMax: 2 * batch.length, ageMsMax: 60_000 });
  for (let at = 1; at <= 3; at += 1) log.add(givenBatch(log.next), 0);
  equal(log.has(1, 3), false);
  equal(log.has(2, 3), true);
  equal(log.bytes, 2 * batch.length);
  log.add(givenBatch(log.next), 60_001);
  equal(log.has(3, 4), false);
  equal(log.has(4, 4), true);
});

function givenBatch(sequence: number): Uint8Array {
  const writer = new DeltaWriter({ bytesMax: 512, withAmounts: false });
  const batch = writer.take();
  stampBatch(batch, "0102030405060708", sequence);
  return batch;
}
