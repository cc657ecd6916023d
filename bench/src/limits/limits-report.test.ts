import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Measured } from "../load/measured.ts";
import { jainIndex, limitFigures, limitsTable, promiseFigures } from "./limits-report.ts";

function givenRun(...megabytes: readonly number[]): Measured {
  const receivedBytesEach = megabytes.map((each) => each * 1e6);
  return {
    receivedBytes: receivedBytesEach.reduce((sum, bytes) => sum + bytes, 0),
    receivedBytesEach,
    wallSeconds: 10,
    serverCpuSeconds: { user: 1, system: 1 },
    serverDiskReadBytes: 0,
    serverResidentBytes: { total: 1, anonymous: 1 },
    loadCpuSeconds: 1,
    otherCpuSeconds: 0,
    verifiedPieces: 1,
  };
}

const jain = [
  { given: "equal parts", values: [5, 5, 5, 5], then: 1 },
  { given: "all with one", values: [9, 0, 0], then: 1 / 3 },
  { given: "two to one", values: [2, 1], then: 0.9 },
  { given: "nothing", values: [0, 0], then: 1 },
] as const;

for (const { given, values, then } of jain) {
  test(`jainIndex() given ${given}`, () => {
    ok(Math.abs(jainIndex(values) - then) < 1e-9);
  });
}

const limit = limitFigures({
  of: "peer",
  workers: 2,
  limitBytesPerSecond: 40e6,
  runs: [givenRun(200, 210), givenRun(200, 190), givenRun(200, 200)],
});
const promise = promiseFigures({
  workers: 1,
  promise: 0.2,
  limitBytesPerSecond: 40e6,
  runs: [{ promised: givenRun(76), crowd: givenRun(160, 164) }],
});

test("limitFigures() tells how far the rate is from the limit", () => {
  deepEqual(limit.bytesPerSecond, { median: 40e6, min: 39e6, max: 41e6 });
  equal(limit.error.median, 0);
  ok(Math.abs(limit.error.min + 0.025) < 1e-9 && Math.abs(limit.error.max - 0.025) < 1e-9);
  equal(limit.fairness.max, 1);
});

test("promiseFigures() tells the promised torrent's share of all", () => {
  equal(promise.share.median, 0.19);
  equal(promise.error.median, 0);
});

test("limitsTable() has a line for each limit and each promise", () => {
  const table = limitsTable({
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      ...{ cpu: "a CPU", cores: 2, memoryBytes: 1, system: "Linux 6" },
      ...{ node: "v26.0.0", congestionControl: "cubic" },
    },
    connections: 2,
    limits: [limit],
    crowd: 15,
    promises: [promise],
  });
  match(
    table,
    /^peer +2 +40 +40\.00 \(39\.00–41\.00\) +0\.00 \(-2\.50–2\.50\) +0\.9994 \(0\.9993–1\.0000\)$/m,
  );
  match(table, /^ +0\.200 +1 +40 +0\.190 \(0\.190–0\.190\) +0\.00 \(0\.00–0\.00\)$/m);
});
