import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { freePort, metricIn } from "./admin-port.ts";

test("metricIn() sums a metric over its labels", () => {
  const text = '# TYPE a_total counter\na_total{b="1",c="x y"} 2\na_total 3 1700\na_total_more 9\n';
  equal(metricIn(text, "a_total"), 5);
  equal(metricIn(text, "a"), null);
});

test("freePort() is a port", async () => {
  const port = await freePort();
  ok(port > 0 && port <= 65_535);
});
