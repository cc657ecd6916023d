import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseEvictionOptions } from "./eviction-options.ts";

const MIB = 1024 * 1024;

test("parseEvictionOptions() given nothing", () => {
  deepEqual(parseEvictionOptions([]), {
    json: false,
    traces: ["popular", "scan", "flush", "rarest", "behind", "uniform", "release", "mixed"],
    runs: 5,
    batchCount: 400_000,
    cacheBytes: 256 * MIB,
  });
});

test("parseEvictionOptions() given traces and numbers", () => {
  const args = ["--traces", "scan,mixed", "--batches", "2000", "--runs", "1", "--cache-mb", "64"];
  deepEqual(parseEvictionOptions([...args, "--json"]), {
    json: true,
    traces: ["scan", "mixed"],
    runs: 1,
    batchCount: 2_000,
    cacheBytes: 64 * MIB,
  });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--runs", "many"], message: /--runs .*"many"/ },
  { given: "too few batches to warm up", args: ["--batches", "10"], message: /1000/ },
  { given: "a cache that a piece does not fit", args: ["--cache-mb", "8"], message: /16 to/ },
  { given: "an unknown trace", args: ["--traces", "toString"], message: /"toString"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseEvictionOptions() refuses ${given}`, () => {
    throws(() => parseEvictionOptions(args), { name: new BenchError().name, message });
  });
}
