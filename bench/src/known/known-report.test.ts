import { deepEqual, match } from "node:assert/strict";
import { test } from "node:test";
import { type KnownReport, knownFigures, knownTable } from "./known-report.ts";
import type { Started } from "./known-start.ts";

const MIB = 1024 * 1024;

function givenStart(readySeconds: number, toldSeconds: number | null = null): Started {
  const nothing = { torrents: 7, hashedBytes: 0, residentBytes: 100 * MIB };
  return { readySeconds, cpuSeconds: readySeconds / 2, toldSeconds, ...nothing };
}

const figures = knownFigures([
  { case: "store", torrents: 0, runs: [givenStart(0.5)] },
  { case: "store", torrents: 7, runs: [givenStart(2), givenStart(1), givenStart(4)] },
  { case: "up", torrents: 7, runs: [givenStart(3, 5), givenStart(3, 6), givenStart(3, 10)] },
]);

test("knownFigures() takes the middle start", () => {
  deepEqual(
    figures.map(({ readySeconds, toldSeconds }) => [readySeconds.median, toldSeconds?.median]),
    [
      [0.5, undefined],
      [2, undefined],
      [3, 6],
    ],
  );
});

test("knownTable() has one line for each, and says what is missing", () => {
  const report: KnownReport = {
    bench: "known",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    runs: 3,
    missing: ["nats-server is not installed"],
    figures,
  };
  const table = knownTable(report);
  match(table, /^store +7 +2\.00 \(1\.00–4\.00\) +1\.00 \(0\.50–2\.00\) +0 +100$/m);
  match(table, /^up +7 +3\.00 \(3\.00–3\.00\) +1\.50 .* +6\.00 \(5\.00–10\.00\) +0 +100$/m);
  match(table, /^nats-server is not installed$/m);
});
