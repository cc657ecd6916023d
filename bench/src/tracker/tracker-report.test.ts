import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { TrackerMeasured } from "./load-spec.ts";
import { trackerFigures, trackerTables } from "./tracker-report.ts";

const MIB = 1024 * 1024;

function givenRun(run: Partial<TrackerMeasured> = {}): TrackerMeasured {
  return {
    announces: 300_000,
    lost: 0,
    opened: 0,
    peers: 15_000_000,
    wallSeconds: 3,
    serverCpuSeconds: { user: 0.5, system: 1.5 },
    loadCpuSeconds: 2,
    loadBusySeconds: 1.5,
    otherCpuSeconds: 0.6,
    residentBefore: { total: 10 * MIB, anonymous: 0 },
    residentAfter: { total: 20 * MIB, anonymous: 0 },
    latencyMs: { p50: 0.25, p99: 1, max: 9 },
    ...run,
  };
}

const slower = givenRun({ serverCpuSeconds: { user: 1, system: 3 }, lost: 2 });
const full = { perSecond: null };
const measured = [
  { ...full, row: "udp-1", label: "seedfleet", runs: [givenRun(), givenRun()] },
  { ...full, row: "udp-1", label: "opentracker", runs: [slower, givenRun()] },
  { row: "latency-udp", perSecond: 50_000, label: "seedfleet", runs: [givenRun()] },
  { ...full, row: "memory", label: "seedfleet", runs: [givenRun()] },
];
const machine = {
  cpu: "a CPU",
  cores: 2,
  memoryBytes: 0,
  system: "Linux",
  node: "v26",
  congestionControl: "cubic",
};

test("trackerFigures() counts announces by the server's CPU, pair by pair", () => {
  const [first, second, latency, memory] = trackerFigures(measured, machine);
  deepEqual(first?.perCpuSecond, { median: 150_000, min: 150_000, max: 150_000 });
  equal(first?.firstOverThis, null);
  equal(first?.systemShare.median, 0.75);
  equal(first?.othersShare.median, 0.6 / 3 / 2);
  equal(first?.loadBusy.median, 0.5);
  deepEqual(second?.firstOverThis, { median: 1.5, min: 1, max: 2 });
  equal(second?.lost, 2);
  equal(latency?.p99Ms.median, 1);
  equal(memory?.bytesPerPeer.median, (10 * MIB) / 300_000);
});

test("trackerTables() has a table for each kind of row that there is", () => {
  const figures = trackerFigures(measured, machine);
  const traces = { requests: 0, bytes: 0 };
  const missing = ["Without opentracker: install it"];
  const text = trackerTables({ at: "now", machine, missing, figures, traces });
  const cells = text.split("\n").map((line) => line.trim().split(/ {2,}/));
  const full =
    "announces by|tracker|k per CPU-second|k a second|kernel|cores|load busy|others|peers";
  const ours = "150.0 (150.0–150.0)|100.0 (100.0–100.0)|75 %|0.67|50 %|10 %|50.0";
  const theirs = "112.5 (75.0–150.0)|100.0 (100.0–100.0)|75 %|1.00|50 %|10 %|50.0";
  const latency = "100.0 (100.0–100.0)|0.250 (0.250–0.250)|1.000 (1.000–1.000)";
  deepEqual(
    cells.map((line) => line.join("|")),
    [
      "now, a CPU, 2 cores, Linux (TCP cubic), Node v26",
      "",
      "As fast as it answers",
      `${full}|lost|first is × this`,
      `UDP, 1 socket|seedfleet|${ours}|0`,
      `opentracker|${theirs}|2|1.50 (1.00–2.00)`,
      "",
      "At half of that load",
      "announces by|tracker|k a second|p50 ms|p99 ms|k per CPU-second|others|lost",
      `UDP, 16 sockets|seedfleet|${latency}|150.0 (150.0–150.0)|10 %|0`,
      "",
      "Resident memory that peers take",
      "announces by|tracker|peers|MiB before|MiB after|bytes a peer|lost",
      "UDP, 16 sockets|seedfleet|300000|10|20|35.0 (35.0–35.0)|0",
      "",
      "Without opentracker: install it",
      "",
    ],
  );
});
