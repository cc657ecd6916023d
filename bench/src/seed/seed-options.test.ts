import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseSeedOptions } from "./seed-options.ts";

test("parseSeedOptions() given nothing", () => {
  deepEqual(parseSeedOptions([]), {
    json: false,
    connections: [1, 8, 64],
    seconds: 3,
    sizeMib: 1_024,
    runs: 5,
    pipeline: 64,
    loadProcesses: 1,
    peers: [{ kind: "seedfleet", checkout: null, workers: 1 }, { kind: "libtorrent" }],
  });
});

test("parseSeedOptions() given another checkout", () => {
  const options = parseSeedOptions(["--peers", "seedfleet,seedfleet=/a/b", "--json"]);
  if (options === "help") throw new Error("no help was asked for");
  deepEqual(options.peers[1], { kind: "seedfleet", checkout: "/a/b", workers: 1 });
  equal(options.json, true);
});

test("parseSeedOptions() given counts of workers, and processes to load them from", () => {
  const options = parseSeedOptions(["--workers", "1,2", "--load-processes", "3"]);
  if (options === "help") throw new Error("no help was asked for");
  deepEqual(options.peers.slice(0, 2), [
    { kind: "seedfleet", checkout: null, workers: 1 },
    { kind: "seedfleet", checkout: null, workers: 2 },
  ]);
  equal(options.loadProcesses, 3);
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--runs", "many"], message: /--runs .*"many"/ },
  { given: "no runs", args: ["--runs", "0"], message: /--runs/ },
  { given: "no workers", args: ["--workers", "1,0"], message: /--workers .*"0"/ },
  { given: "no load", args: ["--load-processes", "0"], message: /--load-processes/ },
  { given: "an unknown seeder", args: ["--peers", "seedfleet,aria"], message: /"aria"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseSeedOptions() refuses ${given}`, () => {
    throws(() => parseSeedOptions(args), { name: new BenchError().name, message });
  });
}
