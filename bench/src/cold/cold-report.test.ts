import { match } from "node:assert/strict";
import { test } from "node:test";
import { servingFigures } from "../seeders/serving-report.ts";
import { coldTable } from "./cold-report.ts";

const MIB = 1024 * 1024;

const run = {
  receivedBytes: 3e9,
  receivedBytesEach: [3e9],
  wallSeconds: 2,
  serverCpuSeconds: { user: 0.5, system: 1.5 },
  serverResidentBytes: { total: 64 * MIB, anonymous: 32 * MIB },
  serverDiskReadBytes: 5e6,
  loadCpuSeconds: 1,
  otherCpuSeconds: 0.4,
  verifiedPieces: 1,
};

test("coldTable() says how much of the content the cache holds, and what disks gave", () => {
  const table = coldTable({
    bench: "cold",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    content: { sizeBytes: 8_192 * MIB, cacheBytes: 256 * MIB },
    load: { runs: 2, seconds: 2, pipeline: 64, processes: 1 },
    seeders: [{ name: "seedfleet", version: "0.1.0" }],
    missing: [],
    figures: servingFigures([{ name: "seedfleet", connections: 8, runs: [run, run] }], {
      cores: 2,
    }),
  });
  match(table, /^cold: .* 8192 MiB, ours from a cache of 256 MiB, 2 runs of 2 s$/m);
  match(table, /^ +8 {2}seedfleet +1500 \(1500–1500\) +1500 \(1500–1500\) +75 %/m);
  match(table, /^Read from disks in all runs: seedfleet 10 MB$/m);
});
