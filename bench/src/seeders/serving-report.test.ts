import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import type { Measured } from "../load/measured.ts";
import { type ServingReport, servingFigures, servingTable } from "./serving-report.ts";

function givenRun({ megabytes, cpu }: { megabytes: number; cpu: number }): Measured {
  return {
    receivedBytes: megabytes * 1e6,
    receivedBytesEach: [megabytes * 1e6],
    wallSeconds: 2,
    serverCpuSeconds: { user: cpu / 4, system: (3 * cpu) / 4 },
    serverDiskReadBytes: 4_096,
    serverResidentBytes: { total: 64 * 1024 * 1024, anonymous: 32 * 1024 * 1024 },
    loadCpuSeconds: 1,
    otherCpuSeconds: 0.4,
    verifiedPieces: 1,
  };
}

const runs = [
  {
    name: "seedfleet",
    connections: 8,
    runs: [givenRun({ megabytes: 3_000, cpu: 1 }), givenRun({ megabytes: 6_000, cpu: 1 })],
  },
  {
    name: "libtorrent",
    connections: 8,
    runs: [givenRun({ megabytes: 2_000, cpu: 2 }), givenRun({ megabytes: 4_000, cpu: 2 })],
  },
];
const figures = servingFigures(runs, { cores: 2 });

test("servingFigures() divides bytes by CPU time, and the first seeder by each other", () => {
  const [ours, theirs] = figures;
  deepEqual(ours?.mbPerCpuSecond, { median: 4_500, min: 3_000, max: 6_000 });
  deepEqual(ours?.mbPerSecond, { median: 2_250, min: 1_500, max: 3_000 });
  equal(ours?.systemShare.median, 0.75);
  equal(ours?.diskReadBytes, 8_192);
  equal(ours?.firstOverThis, null);
  deepEqual(theirs?.firstOverThis, { median: 3, min: 3, max: 3 });
});

test("servingTable() has one line for each seeder, and says what is missing", () => {
  const report: ServingReport = {
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    seeders: [
      { name: "seedfleet", version: "0.1.0" },
      { name: "libtorrent", version: "2.0" },
    ],
    missing: ["aria2 is not installed"],
    figures,
  };
  const table = servingTable(report);
  match(table, /^ +8 {2}seedfleet +4500 \(3000–6000\) +2250 \(1500–3000\) +75 % +10 % +64 +32$/m);
  match(table, /^ +libtorrent +1500 \(1000–2000\) .* 3\.00 \(3\.00–3\.00\)$/m);
  match(table, /^aria2 is not installed$/m);
});
