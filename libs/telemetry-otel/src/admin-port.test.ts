import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type Readiness, startAdminPort } from "./admin-port.ts";
import { joinMetrics } from "./join-metrics.ts";
import { startTelemetry } from "./start-telemetry.ts";

const ready = (): Readiness => ({ ready: true, reasons: [] });

test("startAdminPort() answers whether the process runs and whether it is ready", async () => {
  let readiness: Readiness = { ready: false, reasons: ["bus is away"] };
  await using admin = await startAdminPort({ sources: [], ready: () => readiness }, { port: 0 });
  match(admin.url, /^http:\/\/127\.0\.0\.1:\d+$/);

  const health = await fetch(`${admin.url}/healthz`);
  deepEqual([health.status, await health.text()], [200, "ok"]);

  const early = await fetch(`${admin.url}/readyz`);
  deepEqual([early.status, await early.json()], [503, readiness]);
  readiness = ready();
  const late = await fetch(`${admin.url}/readyz`);
  deepEqual([late.status, await late.json()], [200, readiness]);
});

test("startAdminPort() tells the metrics of every service and of the process", async () => {
  const services = ["gateway", "tracker"].map((service) => {
    const identity = { service, version: "0", instanceId: "i" };
    return startTelemetry({ ...identity, logLevel: "silent", otlpUrl: null, sampleRatio: 1 });
  });
  for (const { meter } of services) meter.counter("seedfleet_bus_calls", "Calls.").add(1);
  await using admin = await startAdminPort({ sources: services, ready }, { port: 0 });

  const response = await fetch(`${admin.url}/metrics`);
  equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  ok(
    text.endsWith(`# HELP seedfleet_bus_calls_total Calls.
# TYPE seedfleet_bus_calls_total counter
seedfleet_bus_calls_total{service_name="gateway"} 1
seedfleet_bus_calls_total{service_name="tracker"} 1
`),
    text,
  );
  match(text, /^process_resident_memory_bytes [1-9]\d{6,}$/m);
  match(text, /^process_cpu_seconds_total 0\.\d+$|^process_cpu_seconds_total [1-9]/m);
  match(text, /^nodejs_eventloop_lag_seconds \d/m);
});

test("startAdminPort() answers /checkup where there is one, and nothing else", async () => {
  const checkup = (): Promise<object> => Promise.resolve({ processes: [] });
  await using fleet = await startAdminPort({ sources: [], ready, checkup }, { port: 0 });
  deepEqual(await (await fetch(`${fleet.url}/checkup`)).json(), { processes: [] });
  await using service = await startAdminPort({ sources: [], ready }, { port: 0 });
  equal((await fetch(`${service.url}/checkup`)).status, 404);
});

test("startAdminPort() given a taken port says so", async () => {
  await using admin = await startAdminPort({ sources: [], ready }, { port: 0 });
  const port = Number(new URL(admin.url).port);
  await rejects(startAdminPort({ sources: [], ready }, { port }), {
    message: `Cannot listen on admin port 127.0.0.1:${port}: another process listens there`,
    detail: { code: "admin-port-in-use", host: "127.0.0.1", port },
  });
});

test("startAdminPort() given a host that is not ours says why", async () => {
  const taken = startAdminPort({ sources: [], ready }, { host: "192.0.2.1", port: 0 });
  await rejects(taken, { name: "SeedfleetError", message: /EADDRNOTAVAIL/ });
});

test("joinMetrics() gathers the samples of one metric and skips what holds none", () => {
  const texts = [
    '# HELP a A.\n# TYPE a counter\na{s="1"} 1\n# HELP b B.\n# TYPE b gauge\nb 2\n',
    "# no registered metrics",
    '# HELP a A.\n# TYPE a counter\na{s="2"} 3\n',
  ];
  equal(
    joinMetrics(texts),
    '# HELP a A.\n# TYPE a counter\na{s="1"} 1\na{s="2"} 3\n# HELP b B.\n# TYPE b gauge\nb 2\n',
  );
});
