import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import { recordingTelemetry } from "./recording-telemetry.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

test("recordingTelemetry() keeps logs with their fields", () => {
  const { log, recorded } = recordingTelemetry();
  log.info("service ready", { port: 1 });
  log.warn("disk slow");
  deepEqual(recorded.logs, [
    { level: "info", message: "service ready", fields: { port: 1 } },
    { level: "warn", message: "disk slow", fields: {} },
  ]);
});

test("recordingTelemetry() sums counters, keeps histograms and reads gauges", () => {
  const { meter, recorded } = recordingTelemetry();
  const closed = meter.counter("closed_peers", "Closed.");
  closed.add(2, { reason: "idle" });
  closed.add(3, { reason: "violation" });
  meter.histogram("fill_ms", "Fills.", [1]).record(7);
  meter.gauge("peers", "Peers.", () => 4);
  equal(recorded.total("closed_peers"), 5);
  equal(recorded.total("closed_peers", { reason: "idle" }), 2);
  deepEqual(recorded.values("fill_ms"), [7]);
  equal(recorded.gauge("peers"), 4);
  deepEqual(
    [recorded.total("no"), recorded.values("no"), recorded.gauge("no")],
    [null, null, null],
  );
});

test("recordingTelemetry() keeps spans, their trace and how they went", async () => {
  const { tracer, recorded } = recordingTelemetry();
  const fill = tracer.span("fill", { traceId: TRACE_ID }, async (span) => {
    span.set({ piece: 7 });
    equal(recorded.spans[0]?.outcome, "running");
    await Promise.resolve();
    tracer.span("hash", { attributes: { bytes: 1 } }, () => {});
  });
  await fill;
  throws(() => tracer.span("round", {}, () => JSON.parse("?")));
  await rejects(tracer.span("read", {}, () => Promise.reject(new Error("no"))));
  const told = recorded.spans.map(({ name, traceId, attributes, outcome }) => {
    return { name, joined: traceId === TRACE_ID, attributes, outcome };
  });
  deepEqual(told, [
    { name: "fill", joined: true, attributes: { piece: 7 }, outcome: "ended" },
    { name: "hash", joined: true, attributes: { bytes: 1 }, outcome: "ended" },
    { name: "round", joined: false, attributes: {}, outcome: "failed" },
    { name: "read", joined: false, attributes: {}, outcome: "failed" },
  ]);
});

test("recordingTelemetry() carries a trace through headers", () => {
  const { tracer, recorded } = recordingTelemetry();
  deepEqual(tracer.inject(), {});
  const headers = tracer.span("ask", { traceId: TRACE_ID }, () => tracer.inject());
  const traceIds = tracer.extract(headers, () => [
    recorded.currentTraceId(),
    tracer.span("answer", {}, () => recorded.currentTraceId()),
  ]);
  deepEqual([...traceIds, recorded.spans[1]?.traceId], [TRACE_ID, TRACE_ID, TRACE_ID]);
  equal(recorded.currentTraceId(), null);
});
