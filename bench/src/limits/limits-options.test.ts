import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseLimitsOptions } from "./limits-options.ts";

const DEFAULTS = {
  ...{ json: false, workers: [1, 2], connections: 8, runs: 3, seconds: 10, sizeMib: 128 },
  ...{ pipeline: 64, loadProcesses: 1 },
  ...{ limitBytesPerSecond: 40_000_000, peerLimitBytesPerSecond: 5_000_000 },
};

test("parseLimitsOptions() given nothing", () => {
  deepEqual(parseLimitsOptions([]), DEFAULTS);
});

test("parseLimitsOptions() given other limits", () => {
  const args = ["--limit-mb", "100", "--peer-limit-mb", "2", "--workers", "4", "--json"];
  deepEqual(parseLimitsOptions(args), {
    ...{ ...DEFAULTS, json: true, workers: [4] },
    ...{ limitBytesPerSecond: 100_000_000, peerLimitBytesPerSecond: 2_000_000 },
  });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no limit", args: ["--limit-mb", "0"], message: /--limit-mb .*"0"/ },
  { given: "too many threads", args: ["--workers", "65"], message: /--workers .*"65"/ },
  { given: "no connections", args: ["--connections", "0"], message: /--connections/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseLimitsOptions() refuses ${given}`, () => {
    throws(() => parseLimitsOptions(args), { name: new BenchError().name, message });
  });
}
