import { equal } from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram } from "./latency-histogram.ts";

test("LatencyHistogram gives the nearest rank, to the microsecond", () => {
  const histogram = new LatencyHistogram();
  for (let value = 1; value <= 100; value += 1) histogram.add(value / 10);
  equal(histogram.percentile(50), 5);
  equal(histogram.percentile(99), 9.9);
  equal(histogram.percentile(100), 10);
});

test("LatencyHistogram takes what is longer than it counts for two seconds", () => {
  const histogram = new LatencyHistogram();
  histogram.add(60_000);
  equal(histogram.percentile(50), 2_000);
  histogram.clear();
  equal(histogram.percentile(50), 0);
});
