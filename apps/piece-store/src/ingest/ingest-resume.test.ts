import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { INGEST_CHECKPOINT_BUCKET, type IngestProgress } from "@seedfleet/contracts";
import { flipBit, GivenStore } from "../testing.ts";
import { badPiecesOf, untilHashed, writeLong } from "./testing.ts";

const MIB: number = 2 ** 20;
const LONG_BYTES: number = 256 * MIB;
const STOPPED_AT_BYTES: number = 64 * MIB;

/** So much may be hashed already behind what is not, and is hashed again. */
const SLACK_BYTES: number = 24 * MIB;
const LEFT_BYTES: number = LONG_BYTES - STOPPED_AT_BYTES + SLACK_BYTES;

/** One is slow enough on any machine to be stopped half way. */
const SLOW = { hashThreads: 1 };
const HASHED = "seedfleet_piece_store_hashed_bytes";

for (const version of ["v1", "v2", "hybrid"] as const) {
  test(`a ${version} job that was stopped goes on, and makes the same torrent`, async () => {
    await using given = await GivenStore.start({}, SLOW);
    writeLong(given.directory.at("d/long"), LONG_BYTES);
    given.directory.write("d/short", "12345");
    const job = await given.submit("d", { version });
    await stopAt(given, STOPPED_AT_BYTES);
    equal((await given.jobs.find(job.id))?.state, "queued");
    await given.restart();
    const told: IngestProgress[] = [];
    const { entry } = await given.resultOf(job, (progress) => told.push(progress));

    const [first] = told.filter(({ phase }) => phase === "hashing");
    const doneBytes = first?.doneBytes ?? 0;
    ok(doneBytes >= STOPPED_AT_BYTES - SLACK_BYTES, `it went on from ${doneBytes}`);
    deepEqual([first?.bytesPerSecond, first?.remainingMs], [0, null]);
    equal(given.telemetry.recorded.total(HASHED), LONG_BYTES + 5 - doneBytes);
    const checkpoints = await given.bus.objectStore(INGEST_CHECKPOINT_BUCKET);
    equal(await checkpoints.get(job.id), null);

    const metainfo = await given.catalog.metainfo(entry.infoHash);
    await using other = await GivenStore.start();
    writeLong(other.directory.at("d/long"), LONG_BYTES);
    other.directory.write("d/short", "12345");
    const whole = await other.publish("d", { version });
    equal(whole.entry.infoHash, entry.infoHash);
    deepEqual(await other.catalog.metainfo(entry.infoHash), metainfo);
  });
}

test("a job whose content changed while no store ran is hashed from the start", async () => {
  await using given = await GivenStore.start({}, SLOW);
  writeLong(given.directory.at("long"), LONG_BYTES);
  const job = await given.submit("long");
  await stopAt(given, STOPPED_AT_BYTES);
  writeLong(given.directory.at("long"), LONG_BYTES + 1);
  await given.restart();
  await given.resultOf(job);
  equal(given.telemetry.recorded.total(HASHED), LONG_BYTES + 1);
});

test("a check of several places goes on in the one it had come to", async () => {
  await using given = await GivenStore.start({}, SLOW);
  for (const path of ["a", "b"]) writeLong(given.directory.at(path), LONG_BYTES);
  const { entry } = await given.publish("a", { version: "v1" });
  const { infoHash, pieceLengthBytes } = entry;
  flipBit(given.directory.at("a"), 5 * pieceLengthBytes);
  const job = await given.submitTo(["a", "b"], { kind: "check", infoHash });
  await untilHashed(given, 2 * LONG_BYTES + STOPPED_AT_BYTES);
  const checkpoints = await given.bus.objectStore(INGEST_CHECKPOINT_BUCKET);
  ok((await checkpoints.get(job.id)) !== null);
  await given.store.drain();
  await given.restart();
  const told: IngestProgress[] = [];
  await given.resultOf(job, (progress) => told.push(progress));
  const checking = told.filter(({ phase }) => phase === "checking");
  const doneBytes = checking.map((progress) => progress.doneBytes);
  ok((doneBytes[0] ?? 0) >= LONG_BYTES);
  ok(checking.every(({ bytesPerSecond }) => bytesPerSecond < 100e9));
  ok((given.telemetry.recorded.total(HASHED) ?? 0) <= LEFT_BYTES);
  // What was found in the first place is found all the same.
  deepEqual(await badPiecesOf(given, infoHash), [5]);
});

test("an adoption that was stopped goes on as well", async () => {
  await using given = await GivenStore.start({}, SLOW);
  writeLong(given.directory.at("long"), LONG_BYTES);
  const { entry } = await given.publish("long", { version: "hybrid" });
  await given.catalog.retire(entry.infoHash);
  const adoption = { infoHash: entry.infoHash, check: "now" } as const;
  const job = await given.submitTo(["long"], { kind: "adopt", adoption });
  await stopAt(given, LONG_BYTES + STOPPED_AT_BYTES);
  await given.restart();
  const adopted = await given.resultOf(job);
  equal(adopted.entry.infoHash, entry.infoHash);
  ok((given.telemetry.recorded.total(HASHED) ?? 0) <= LEFT_BYTES);
});

for (const kept of ["", "{}\n", `{"pieceCount":1}\n`, "no JSON\n", "x".repeat(2_000)]) {
  test(`a checkpoint that is no good is as none: "${kept.slice(0, 20).trim()}"`, async () => {
    await using given = await GivenStore.start({ a: "12345" });
    await given.store.drain();
    const job = await given.submit("a");
    const checkpoints = await given.bus.objectStore(INGEST_CHECKPOINT_BUCKET);
    await checkpoints.put(job.id, Buffer.from(kept));
    await given.restart();
    const { entry } = await given.resultOf(job);
    equal((await given.readAll(entry)).subarray(0, 5).toString(), "12345");
    equal(await checkpoints.get(job.id), null);
  });
}

/** Stops the store once it has hashed so much. */
async function stopAt(given: GivenStore, bytes: number): Promise<void> {
  await untilHashed(given, bytes);
  await given.store.drain();
}
