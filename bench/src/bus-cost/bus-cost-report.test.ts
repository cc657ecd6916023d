import { deepEqual, equal, match } from "node:assert/strict";
import { test } from "node:test";
import { type BusCostRun, busCostFigures, busCostTable } from "./bus-cost-report.ts";

function givenRun(servedBytesPerSecond: number, published: number): BusCostRun {
  return {
    seconds: 10,
    servedBytesPerSecond,
    services: [
      { name: "gateway-bench", published, delivered: 2 * published },
      { name: "piece-store-bench", published: 5, delivered: 0 },
    ],
  };
}

const serving = [givenRun(2e9, 95), givenRun(1e9, 95), givenRun(500e6, 195)];
const idle = [givenRun(0, 15)];
const figures = busCostFigures(serving, idle);

test("busCostFigures() divides the messages of all services by what was served meanwhile", () => {
  deepEqual(figures.publishedPerGb, { median: 10, min: 5, max: 40 });
  deepEqual(figures.deliveredPerGb, { median: 19, min: 9.5, max: 78 });
  deepEqual(figures.publishedPerSecond, { median: 10, min: 10, max: 20 });
  equal(figures.idlePublishedPerSecond.median, 2);
});

test("busCostFigures() tells the rate from which the larger count is within the target", () => {
  // 19 messages a second are 20 for each GB at 950 MB/s.
  equal(figures.enoughMbPerSecond.min, 950);
});

test("busCostTable() says who published, and what for", () => {
  const table = busCostTable({
    bench: "bus-cost",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    content: { sizeBytes: 1 },
    load: { connections: 64, runs: 3, seconds: 10, pipeline: 64, processes: 1 },
    figures,
    serving,
    idle,
    uses: { presence: 7, "choke rounds": 1 },
  });
  match(table, /^ +64 {2}10\.0 \(5\.0–40\.0\) +19\.0 .* 2\.0 \(2\.0–2\.0\) +950 /m);
  match(table, /^gateway-bench +195 +390$/m);
  match(table, /: presence 7, choke rounds 1$/m);
});
