import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { contendersOf } from "./contenders.ts";
import { parseTrackerOptions, type TrackerOptions } from "./tracker-options.ts";
import { TRACKER_ROWS } from "./tracker-rows.ts";

function parsed(...args: readonly string[]): TrackerOptions {
  const options = parseTrackerOptions(args);
  if (options === "help") throw new Error("no help was asked for");
  return options;
}

test("parseTrackerOptions() given nothing", () => {
  deepEqual(parsed(), {
    json: false,
    trackers: [{ kind: "seedfleet", checkout: null }, { kind: "opentracker" }],
    rows: Object.keys(TRACKER_ROWS),
    runs: 5,
    seconds: 3,
    warmSeconds: 1,
    swarms: 1_000,
    numWant: 50,
    workers: 2,
    memoryPeers: 1_000_000,
    sleeps: true,
  });
});

test("parseTrackerOptions() given a tracker that runs", () => {
  const urls = ["--udp", "127.0.0.1:6969", "--http", "http://127.0.0.1:6970/a/announce"];
  deepEqual(parsed(...urls, "--pid", "12").trackers, [
    {
      kind: "running",
      pid: 12,
      udp: { address: "127.0.0.1", port: 6969 },
      http: { host: "127.0.0.1", port: 6970, path: "/a/announce" },
    },
  ]);
});

test("parseTrackerOptions() keeps the order of the report", () => {
  deepEqual(parsed("--rows", "memory,udp-1").rows, ["udp-1", "memory"]);
  equal(parsed("--load", "spin").sleeps, false);
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "an unknown row", args: ["--rows", "udp-1,udp-2"], message: /"udp-2"/ },
  { given: "an unknown tracker", args: ["--peers", "aquatic"], message: /"aquatic"/ },
  { given: "a tracker without its process", args: ["--udp", "127.0.0.1:1"], message: /--pid/ },
  { given: "a process without an address", args: ["--pid", "1"], message: /--udp/ },
  { given: "no port", args: ["--udp", "127.0.0.1", "--pid", "1"], message: /HOST:PORT/ },
  { given: "another scheme", args: ["--http", "https://a/", "--pid", "1"], message: /https/ },
  { given: "another way to wait", args: ["--load", "nap"], message: /"nap"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseTrackerOptions() refuses ${given}`, () => {
    throws(() => parseTrackerOptions(args), { name: new BenchError().name, message });
  });
}

const compared = [
  { row: "udp-4", labels: ["seedfleet", "opentracker"] },
  { row: "http", labels: ["seedfleet", "opentracker"] },
  { row: "http-kept", labels: ["seedfleet"] },
  { row: "workers-udp", labels: ["seedfleet ×2", "seedfleet"] },
  { row: "telemetry-http", labels: ["seedfleet, watched", "seedfleet"] },
  { row: "memory", labels: ["seedfleet", "opentracker"] },
] as const;

for (const { row, labels } of compared) {
  test(`contendersOf() the row ${row}`, () => {
    const { [row]: given } = TRACKER_ROWS;
    if (given === undefined) throw new Error("there is no such row");
    deepEqual(
      contendersOf(given, parsed()).map(({ label }) => label),
      labels,
    );
  });
}

test("contendersOf() a row of ours alone is nobody without ours", () => {
  const { "workers-udp": row } = TRACKER_ROWS;
  if (row === undefined) throw new Error("there is no such row");
  deepEqual(contendersOf(row, parsed("--peers", "opentracker")), []);
});
