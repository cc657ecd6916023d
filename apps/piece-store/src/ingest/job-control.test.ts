import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type IngestProgress, ingestProgressEvent } from "@seedfleet/contracts";
import { VirtualClock } from "@seedfleet/testkit";
import { type JobProgress, PROGRESS_INTERVAL_MS, ProgressTeller } from "./job-control.ts";
import { givenBus } from "./testing.ts";

const HASHING: JobProgress = { phase: "hashing", name: "a", doneBytes: 0, totalBytes: 1_000_000 };

test("progress has the pace since it began, and the time that is left", async () => {
  await using given = givenTeller();
  given.teller.tell(HASHING);
  given.clock.advance(1_000);
  given.teller.tell({ ...HASHING, doneBytes: 250_000 });
  given.clock.advance(3_000);
  given.teller.tell({ ...HASHING, doneBytes: 500_000 });
  deepEqual(await given.told(), [
    { ...HASHING, bytesPerSecond: 0, remainingMs: null },
    { ...HASHING, doneBytes: 250_000, bytesPerSecond: 250_000, remainingMs: 3_000 },
    { ...HASHING, doneBytes: 500_000, bytesPerSecond: 125_000, remainingMs: 4_000 },
  ]);
});

test("what an earlier run has done counts as done, but not for the pace", async () => {
  await using given = givenTeller();
  given.teller.tell({ ...HASHING, doneBytes: 800_000, isStart: true });
  given.clock.advance(1_000);
  given.teller.tell({ ...HASHING, doneBytes: 900_000 });
  // Another part begins, and of it, too, something is done already.
  given.teller.tell({ ...HASHING, doneBytes: 950_000, isStart: true });
  given.clock.advance(1_000);
  given.teller.tell({ ...HASHING, doneBytes: 960_000 });
  deepEqual(
    (await given.told()).map(({ doneBytes, bytesPerSecond }) => [doneBytes, bytesPerSecond]),
    [
      [800_000, 0],
      [900_000, 100_000],
      [950_000, 0],
      [960_000, 10_000],
    ],
  );
});

test("progress is told now and then, its beginning and its end always", async () => {
  await using given = givenTeller();
  given.teller.tell({ ...HASHING, phase: "waiting", totalBytes: 0 });
  given.teller.tell({ ...HASHING, phase: "listing", totalBytes: 0 });
  for (let doneBytes = 0; doneBytes <= 1_000_000; doneBytes += 10_000) {
    given.teller.tell({ ...HASHING, doneBytes });
    given.clock.advance(PROGRESS_INTERVAL_MS / 20);
  }
  const told = await given.told();
  deepEqual(
    told.map(({ phase, doneBytes }) => [phase, doneBytes]),
    [
      ["waiting", 0],
      ["listing", 0],
      ...[0, 200_000, 400_000, 600_000, 800_000, 1_000_000].map((bytes) => ["hashing", bytes]),
    ],
  );
});

test("progress that goes back has no pace below nothing", async () => {
  await using given = givenTeller();
  given.teller.tell({ ...HASHING, doneBytes: 500_000 });
  given.clock.advance(1_000);
  given.teller.tell({ ...HASHING, doneBytes: 100_000 });
  deepEqual(
    (await given.told()).map(({ bytesPerSecond, remainingMs }) => [bytesPerSecond, remainingMs]),
    [
      [0, null],
      [0, null],
    ],
  );
});

test("a bus that is closed ends no work", async () => {
  await using given = givenTeller();
  await given.bus.close();
  given.teller.tell(HASHING);
  equal(given.bus.status, "closed");
});

function givenTeller() {
  const clock = new VirtualClock();
  const { bus, ...opened } = givenBus(clock);
  const told: IngestProgress[] = [];
  bus.subscribe(ingestProgressEvent, {}, (progress) => void told.push(progress));
  return {
    ...{ ...opened, bus, clock, teller: new ProgressTeller({ bus, clock }, "job") },
    async told() {
      await bus.flush();
      return told;
    },
  };
}
