import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import { type HashReport, hashFigures, hashTable } from "./hash-report.ts";
import type { Hashed } from "./hashers.ts";

const MIB = 1024 * 1024;

function givenRun(wallSeconds: number, more: Partial<Hashed> = {}): Hashed {
  const nothing = { startSeconds: null, listSeconds: null, residentBytes: null };
  const digests = { pieceHashes: null, pieceRoots: null };
  return { wallSeconds, cpuSeconds: 2 * wallSeconds, ...nothing, ...digests, ...more };
}

const ofFile = { case: "file", version: "v1", sizeBytes: 6e9 } as const;
const told = { startSeconds: 0.1, listSeconds: 0.5, residentBytes: 100 * MIB };

const figures = hashFigures([
  { ...ofFile, name: "seedfleet", runs: [givenRun(2, told), givenRun(3, told), givenRun(4, told)] },
  { ...ofFile, name: "mktorrent", runs: [givenRun(4), givenRun(3), givenRun(12)] },
]);

test("hashFigures() compares run by run", () => {
  const [ours, theirs] = figures;
  deepEqual(ours?.mbPerSecond, { median: 2_000, min: 1_500, max: 3_000 });
  deepEqual(ours?.cpuSeconds, { median: 6, min: 4, max: 8 });
  equal(ours?.firstOverThis, null);
  deepEqual(theirs?.firstOverThis, { median: 2, min: 1, max: 3 });
});

test("hashTable() has one line for each hasher, and says what is missing", () => {
  const report: HashReport = {
    bench: "hash",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    pieceLengthBytes: 2 * MIB,
    threads: 2,
    runs: 3,
    missing: ["openssl is not installed"],
    figures,
  };
  const table = hashTable(report);
  match(
    table,
    /^file v1 +seedfleet +2000 \(1500–3000\) +3\.00 \(2\.00–4\.00\) +0\.10 +0\.50 .* 100$/m,
  );
  match(table, /^ +mktorrent +1500 .* 2\.00 \(1\.00–3\.00\) +2\.00 \(1\.00–3\.00\)$/m);
  match(table, /^openssl is not installed$/m);
});
