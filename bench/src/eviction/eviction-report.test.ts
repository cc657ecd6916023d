import { equal, match } from "node:assert/strict";
import { test } from "node:test";
import { evictionFigures, evictionTable, hitRatio } from "./eviction-report.ts";

const served = (broughtBytes: number) => ({ servedBytes: 1_000, broughtBytes });

test("hitRatio() is below zero where more was read than served", () => {
  equal(hitRatio(served(250)), 0.75);
  equal(hitRatio(served(1_500)), -0.5);
});

test("evictionTable() has a line for each trace and a column for each contender", () => {
  const figures = evictionFigures([
    { trace: "scan", contender: "lru", runs: [served(900), served(100), served(800)] },
    { trace: "scan", contender: "ours", runs: [served(400)] },
    { trace: "mixed", contender: "lru", runs: [served(1_100)] },
    { trace: "mixed", contender: "ours", runs: [served(1_000)] },
  ]);
  const cacheBytes = 256 * 1024 * 1024;
  const table = evictionTable({
    bench: "eviction",
    ...{ cacheBytes, batchCount: 7, runs: 3, figures },
  });
  match(table, /cache of 256 MiB\n7 batches a trace, median of 3 seeds\n/);
  match(table, /^trace +lru +ours$/m);
  match(table, /^scan +20\.0 +60\.0$/m);
  match(table, /^mixed +-10\.0 +0\.0$/m);
});
