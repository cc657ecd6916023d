import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { INGEST_CHECKPOINT_BUCKET } from "@seedfleet/contracts";
import { VirtualClock } from "@seedfleet/testkit";
import type { HashCheckpoint } from "../hashing/hash-plan.ts";
import { CHECKPOINT_INTERVAL_MS, type CheckpointKey, Checkpoints } from "./checkpoints.ts";
import { givenBus } from "./testing.ts";

const KEY: CheckpointKey = {
  ...{ fingerprint: "ab".repeat(32), version: "hybrid", pieceLengthBytes: 16_384 },
};

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`a checkpoint of ${version} hashes comes back as it was saved`, async () => {
    await using given = await givenCheckpoints();
    const key = { ...KEY, version };
    const saved = givenHashes(3, version);
    const checkpoint = given.checkpoints.of("job", 1).of(0);
    equal(await checkpoint.load(key), null);
    // What comes behind the pieces that are done is not kept.
    const longer = givenHashes(5, version);
    checkpoint.save(key, { ...longer, pieceCount: 3 });
    await checkpoint.settled();
    deepEqual(await given.checkpoints.of("job", 1).of(0).load(key), saved);
  });
}

const otherKeys: readonly { readonly given: string; readonly key: CheckpointKey }[] = [
  { given: "other content", key: { ...KEY, fingerprint: "cd".repeat(32) } },
  { given: "another version", key: { ...KEY, version: "v1" } },
  { given: "other pieces", key: { ...KEY, pieceLengthBytes: 32_768 } },
];

for (const { given: situation, key } of otherKeys) {
  test(`a checkpoint is of no use for ${situation}`, async () => {
    await using given = await givenCheckpoints();
    const checkpoint = given.checkpoints.of("job", 1).of(0);
    checkpoint.save(KEY, givenHashes(3));
    await checkpoint.settled();
    equal(await checkpoint.load(key), null);
  });
}

test("a checkpoint that was cut short is of no use", async () => {
  await using given = await givenCheckpoints();
  const checkpoint = given.checkpoints.of("job", 1).of(0);
  checkpoint.save(KEY, givenHashes(3));
  await checkpoint.settled();
  const objects = await given.bus.objectStore(INGEST_CHECKPOINT_BUCKET);
  const whole = (await objects.get("job")) ?? Buffer.of();
  for (const length of [0, 10, whole.length - 1]) {
    await objects.put("job", whole.subarray(0, length));
    equal(await checkpoint.load(KEY), null);
  }
});

test("a checkpoint is written once the last is old enough, and the last in the end", async () => {
  await using given = await givenCheckpoints();
  const { clock } = given;
  const checkpoint = given.checkpoints.of("job", 1).of(0);
  const written = async (): Promise<number | undefined> =>
    (await given.checkpoints.of("job", 1).of(0).load(KEY))?.pieceCount;
  checkpoint.save(KEY, givenHashes(1));
  equal(await written(), undefined);
  clock.advance(CHECKPOINT_INTERVAL_MS);
  checkpoint.save(KEY, givenHashes(2));
  equal(await written(), 2);
  checkpoint.save(KEY, givenHashes(3));
  equal(await written(), 2);
  clock.advance(CHECKPOINT_INTERVAL_MS - 1);
  checkpoint.save(KEY, givenHashes(4));
  equal(await written(), 2);
  await checkpoint.settled();
  equal(await written(), 4);
  await checkpoint.settled();
  equal(await written(), 4);
});

test("a job of several places has a checkpoint for each, and removes them all", async () => {
  await using given = await givenCheckpoints();
  const job = given.checkpoints.of("job", 2);
  for (const part of [0, 1]) job.of(part).save(KEY, givenHashes(part + 1));
  await job.settled();
  const other = given.checkpoints.of("other", 1);
  other.of(0).save(KEY, givenHashes(9));
  await other.settled();
  const counts = [0, 1].map(async (part) => (await job.of(part).load(KEY))?.pieceCount);
  deepEqual(await Promise.all(counts), [1, 2]);
  await job.remove();
  for (const part of [0, 1]) equal(await job.of(part).load(KEY), null);
  equal((await other.of(0).load(KEY))?.pieceCount, 9);
});

test("a checkpoint that is removed is not written afterwards", async () => {
  await using given = await givenCheckpoints();
  const checkpoint = given.checkpoints.of("job", 1).of(0);
  given.clock.advance(CHECKPOINT_INTERVAL_MS);
  checkpoint.save(KEY, givenHashes(1));
  checkpoint.save(KEY, givenHashes(2));
  await checkpoint.remove();
  await checkpoint.settled();
  equal(await checkpoint.load(KEY), null);
});

async function givenCheckpoints() {
  const clock = new VirtualClock();
  const opened = givenBus(clock);
  return { ...opened, clock, checkpoints: await Checkpoints.open(opened.bus, clock) };
}

/** The hashes of piece after piece, each byte of one the number of its piece. */
function givenHashes(pieceCount: number, version = KEY.version): HashCheckpoint {
  const of = (bytes: number): Uint8Array =>
    new Uint8Array(pieceCount * bytes).map((_, index) => Math.floor(index / bytes) + bytes);
  return {
    pieceCount,
    pieceHashes: version === "v2" ? null : of(20),
    pieceRoots: version === "v1" ? null : of(32),
  };
}
