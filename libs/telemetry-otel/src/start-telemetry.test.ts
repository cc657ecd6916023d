import { deepEqual, doesNotMatch, equal, match, notEqual } from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { type RunningTelemetry, startTelemetry, type TelemetryConfig } from "./start-telemetry.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const UNSAMPLED_FLAGS = "00";
const SAMPLED_FLAGS = "01";

type LogLine = Readonly<Record<string, unknown>>;
type Attribute = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };
type ExportedSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number; readonly message?: string };
};
type ExportRequest = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
};

function givenTelemetry(config: Partial<TelemetryConfig> = {}): {
  readonly telemetry: RunningTelemetry;
  readonly lines: readonly LogLine[];
} {
  const lines: LogLine[] = [];
  const telemetry = startTelemetry({
    service: "gateway",
    version: "0.1.0",
    instanceId: "gateway-1",
    logLevel: "debug",
    logDestination: { write: (line: string) => lines.push(JSON.parse(line)) },
    otlpUrl: null,
    sampleRatio: 1,
    ...config,
  });
  return { telemetry, lines };
}

/** A collector as far as OTLP over HTTP with JSON goes. `status` is what it answers. */
async function givenCollector(
  t: TestContext,
  status = 200,
): Promise<{ readonly url: string; readonly requests: readonly ExportRequest[] }> {
  const requests: ExportRequest[] = [];
  const server = createServer(async (request, response) => {
    if (request.url === "/v1/traces") requests.push((await json(request)) as ExportRequest);
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function spansOf(requests: readonly ExportRequest[]): readonly ExportedSpan[] {
  const resources = requests.flatMap(({ resourceSpans }) => resourceSpans);
  return resources.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

test("log writes lines with service, level, time, message and fields", () => {
  const { telemetry, lines } = givenTelemetry({ logLevel: "info" });
  telemetry.log.debug("peer bytes", { hex: "00" });
  telemetry.log.warn("disk slow", { ms: 7, path: null });
  const [{ time, ...line } = {}, ...more] = lines;
  deepEqual(line, {
    level: "warn",
    service: "gateway",
    version: "0.1.0",
    instance: "gateway-1",
    ms: 7,
    path: null,
    msg: "disk slow",
  });
  match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  equal(more.length, 0);
});

for (const otlpUrl of [null, "http://127.0.0.1:1"]) {
  test(`log carries the ids of the trace given otlpUrl ${otlpUrl}`, async () => {
    const tracker = givenTelemetry({ service: "tracker", otlpUrl, sampleRatio: 0 });
    const gateway = givenTelemetry({ service: "gateway", otlpUrl, sampleRatio: 0 });
    tracker.telemetry.tracer.span("announce", { traceId: TRACE_ID }, () => {
      tracker.telemetry.log.info("announced");
    });
    await gateway.telemetry.tracer.span("handshake", { traceId: TRACE_ID }, async () => {
      await Promise.resolve();
      gateway.telemetry.log.info("connected");
    });
    gateway.telemetry.log.info("idle");
    const traceIds = [...tracker.lines, ...gateway.lines].map((line) => line["trace_id"]);
    deepEqual(traceIds, [TRACE_ID, TRACE_ID, undefined]);
    await Promise.all([tracker, gateway].map(({ telemetry }) => telemetry[Symbol.asyncDispose]()));
  });
}

test("span() gives a trace of its own to work that is in none", () => {
  const { telemetry } = givenTelemetry();
  const { tracer } = telemetry;
  deepEqual(tracer.inject(), {});
  const [outer, inner] = tracer.span("publish", {}, () => {
    return [tracer.inject(), tracer.span("hash", {}, () => tracer.inject())];
  });
  match(outer?.["traceparent"] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  equal(inner?.["traceparent"]?.slice(0, 35), outer?.["traceparent"]?.slice(0, 35));
  notEqual(
    tracer.span("publish", {}, () => tracer.inject())["traceparent"],
    outer?.["traceparent"],
  );
});

test("startTelemetry() sends sampled spans of two services as one trace", async (t) => {
  const { url: otlpUrl, requests } = await givenCollector(t);
  const console = givenTelemetry({ service: "console", otlpUrl }).telemetry;
  const store = givenTelemetry({ service: "piece-store", otlpUrl: `${otlpUrl}/` }).telemetry;
  const options = { traceId: TRACE_ID, attributes: { piece: 7, holder: null } };
  const headers = await console.tracer.span("ask", options, async (span) => {
    await Promise.resolve();
    span.set({ found: true });
    return console.tracer.inject();
  });
  const answer = (): never => {
    throw new TypeError("no such piece");
  };
  try {
    store.tracer.extract(headers, () => store.tracer.span("answer", {}, answer));
  } catch {
    // The span must tell of it and let it pass.
  }
  await console[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();

  const [ask, answered] = spansOf(requests);
  equal(ask?.traceId, TRACE_ID);
  equal(ask?.parentSpanId, TRACE_ID.slice(16));
  deepEqual(ask?.attributes, [
    { key: "piece", value: { intValue: 7 } },
    { key: "found", value: { boolValue: true } },
  ]);
  equal(headers["traceparent"], `00-${TRACE_ID}-${ask?.spanId}-${SAMPLED_FLAGS}`);
  equal(answered?.traceId, TRACE_ID);
  equal(answered?.parentSpanId, ask?.spanId);
  deepEqual(answered?.status, { code: 2, message: "no such piece" });
  const services = requests.flatMap(({ resourceSpans }) =>
    resourceSpans.map(({ resource }) => resource.attributes[0]?.value),
  );
  deepEqual(services, [{ stringValue: "console" }, { stringValue: "piece-store" }]);
});

test("span() given trace ids samples the same ones in every service", async (t) => {
  const { url: otlpUrl, requests } = await givenCollector(t);
  const traceIds = Array.from({ length: 400 }, (_, index) => {
    return createHash("sha256").update(String(index)).digest("hex").slice(0, 32);
  });
  const flagsOf = async (service: string): Promise<readonly string[]> => {
    await using running = new AsyncDisposableStack();
    const { tracer } = running.use(
      givenTelemetry({ service, otlpUrl, sampleRatio: 0.25 }).telemetry,
    );
    return traceIds.map((traceId) =>
      tracer.span("x", { traceId }, () => tracer.inject()["traceparent"]?.slice(-2) ?? ""),
    );
  };
  const flags = await flagsOf("tracker");
  deepEqual(await flagsOf("gateway"), flags);
  const sampled = flags.filter((flag) => flag === SAMPLED_FLAGS).length;
  equal(sampled > 50 && sampled < 150, true, `${sampled} of 400 sampled`);
  equal(flags.filter((flag) => flag === UNSAMPLED_FLAGS).length, 400 - sampled);
  equal(spansOf(requests).length, 2 * sampled);
});

test("startTelemetry() given a collector that refuses says so once and ends in time", async (t) => {
  const { url: otlpUrl } = await givenCollector(t, 400);
  const { telemetry, lines } = givenTelemetry({ otlpUrl });
  telemetry.tracer.span("x", {}, () => {});
  await telemetry[Symbol.asyncDispose]();
  deepEqual(
    lines.map(({ level, msg, spans }) => ({ level, msg, spans })),
    [{ level: "warn", msg: "spans lost", spans: 1 }],
  );
});

test("metricsText() names metrics as documented, and their service", async () => {
  const { telemetry } = givenTelemetry();
  const { meter } = telemetry;
  const closed = meter.counter("seedfleet_closed_peers", "Closed peers.");
  closed.add(2, { reason: "idle" });
  closed.add(1, { reason: "idle" });
  meter.gauge("seedfleet_cache_bytes", "Cached.", () => 4_096);
  meter.histogram("seedfleet_fill_seconds", "Fills.", [0.1, 1]).record(0.5);
  equal(
    await telemetry.metricsText(),
    `# HELP seedfleet_closed_peers_total Closed peers.
# TYPE seedfleet_closed_peers_total counter
seedfleet_closed_peers_total{reason="idle",service_name="gateway"} 3
# HELP seedfleet_cache_bytes Cached.
# TYPE seedfleet_cache_bytes gauge
seedfleet_cache_bytes{service_name="gateway"} 4096
# HELP seedfleet_fill_seconds Fills.
# TYPE seedfleet_fill_seconds histogram
seedfleet_fill_seconds_count{service_name="gateway"} 1
seedfleet_fill_seconds_sum{service_name="gateway"} 0.5
seedfleet_fill_seconds_bucket{service_name="gateway",le="0.1"} 0
seedfleet_fill_seconds_bucket{service_name="gateway",le="1"} 1
seedfleet_fill_seconds_bucket{service_name="gateway",le="+Inf"} 1
`,
  );
});

test("startTelemetry() by default writes to stderr and outlives its reader", async () => {
  const entry = JSON.stringify(import.meta.resolve("./index.ts"));
  const program = `
    import { startTelemetry } from ${entry};
    const config = { version: "0", instanceId: "i", logLevel: "info", otlpUrl: null };
    await using tracker = startTelemetry({ ...config, service: "tracker", sampleRatio: 1 });
    await using gateway = startTelemetry({ ...config, service: "gateway", sampleRatio: 1 });
    for (let turn = 0; turn < 50; turn += 1) {
      for (const { log } of [tracker, gateway]) log.info("x".repeat(10_000), { turn });
      await new Promise(setImmediate);
    }
    process.stdout.write("done");
  `;
  const read = async (closeStderr: boolean): Promise<readonly string[]> => {
    const args = ["--input-type=module", "--eval", program];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const chunks = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (chunks.stdout += chunk));
    if (closeStderr) child.stderr.destroy();
    else child.stderr.on("data", (chunk) => (chunks.stderr += chunk));
    const [code] = await once(child, "close");
    deepEqual([code, chunks.stdout], [0, "done"]);
    return chunks.stderr.trim().split("\n");
  };
  const written = (await read(false)).map((line) => JSON.parse(line));
  for (const service of ["tracker", "gateway"]) {
    const turns = written.filter((line) => line.service === service).map(({ turn }) => turn);
    deepEqual(
      turns,
      Array.from({ length: 50 }, (_, turn) => turn),
    );
  }
  doesNotMatch((await read(true)).join(), /\S/);
});
