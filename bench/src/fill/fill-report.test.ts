import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import { fillFigures, fillHeading, fillTable } from "./fill-report.ts";
import type { Filled } from "./fill-spec.ts";

function givenRun({ megabytes, cpu }: { megabytes: number; cpu: number }): Filled {
  return {
    filledBytes: megabytes * 1e6,
    wallSeconds: 2,
    gatewayCpuSeconds: { user: cpu, system: cpu },
    natsCpuSeconds: { user: 0, system: cpu },
    storeCpuSeconds: { user: cpu, system: 0 },
    otherCpuSeconds: 0.4,
    gatewayResidentBytes: { total: megabytes * 1024 * 1024, anonymous: 1 },
  };
}

function givenEmbedded(run: Filled): Filled {
  return { ...run, natsCpuSeconds: null, storeCpuSeconds: null };
}

const runs = [
  givenRun({ megabytes: 500, cpu: 1 }),
  givenRun({ megabytes: 1_000, cpu: 1 }),
  givenRun({ megabytes: 250, cpu: 1 }),
];
const figures = fillFigures(
  [
    { bus: "nats", runs },
    { bus: "embedded", runs: runs.map(givenEmbedded) },
  ],
  { cores: 2 },
);

test("fillFigures() divides bytes by time, and each process's CPU time by gigabytes", () => {
  const [nats] = figures;
  deepEqual(nats?.mbPerSecond, { median: 250, min: 125, max: 500 });
  deepEqual(nats?.cpuSecondsPerGb, {
    gateway: { median: 4, min: 2, max: 8 },
    nats: { median: 2, min: 1, max: 4 },
    store: { median: 2, min: 1, max: 4 },
    together: { median: 8, min: 4, max: 16 },
  });
  equal(nats?.othersShare.median, 0.1);
});

test("fillFigures() given one process has no figures of others", () => {
  const [, embedded] = figures;
  const { nats, store, together } = embedded?.cpuSecondsPerGb ?? {};
  deepEqual([nats, store], [null, null]);
  deepEqual(together, { median: 4, min: 2, max: 8 });
});

test("fillTable() has one line for each bus", () => {
  const table = fillTable(figures);
  match(table, /^nats +250 \(125–500\) +8\.00 \(4\.00–16\.00\) .* 10 % +1000$/m);
  match(table, /^embedded +250 \(125–500\) +4\.00 .*\(2\.00–8\.00\) +10 % +1000$/m);
});

test("fillHeading() says what is measured", () => {
  const heading = fillHeading({
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    content: { sizeBytes: 64 * 1024 ** 2, pieceLengthBytes: 256 * 1024 },
    load: { runs: 3, piecesAtOnce: 16, cacheBytes: 32 * 1024 ** 2 },
  });
  match(heading, /^fill: 64 MiB in pieces of 256 KiB/);
  match(heading, /cache of 32 MiB, 16 pieces at a time, each checked by its SHA-1; 3 runs/);
});
