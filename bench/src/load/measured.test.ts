import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { combined, type LoadWindow } from "./measured.ts";

function givenWindow(differing: Partial<LoadWindow>): LoadWindow {
  return {
    receivedBytes: 1_000,
    receivedBytesEach: [400, 600],
    wallSeconds: 2,
    serverCpuSeconds: { user: 0.5, system: 1 },
    serverResidentBytes: { total: 64, anonymous: 32 },
    serverDiskReadBytes: 0,
    loadCpuSeconds: 0.25,
    machineCpuSeconds: 3,
    verifiedPieces: 7,
    ...differing,
  };
}

test("combined() leaves one window as it is, and tells what others used", () => {
  const { machineCpuSeconds, ...window } = givenWindow({});
  deepEqual(combined([givenWindow({})]), { ...window, otherCpuSeconds: machineCpuSeconds - 1.75 });
});

test("combined() adds what the processes received, and counts the server once", () => {
  const measured = combined([
    givenWindow({}),
    // Twice as long a window, so with twice as much of everything.
    givenWindow({
      receivedBytes: 6_000,
      wallSeconds: 4,
      serverCpuSeconds: { user: 1, system: 2 },
      serverResidentBytes: { total: 60, anonymous: 40 },
      loadCpuSeconds: 0.5,
      machineCpuSeconds: 6,
      verifiedPieces: 1,
    }),
  ]);
  equal(measured.wallSeconds, 3);
  equal(measured.receivedBytes, (500 + 1_500) * 3);
  deepEqual(measured.serverCpuSeconds, { user: 0.75, system: 1.5 });
  equal(measured.loadCpuSeconds, 0.75);
  equal(measured.otherCpuSeconds, 4.5 - 2.25 - 0.75);
  deepEqual(measured.serverResidentBytes, { total: 64, anonymous: 40 });
  equal(measured.verifiedPieces, 8);
});

test("combined() refuses no windows", () => {
  throws(() => combined([]));
});
