import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseBusCostOptions } from "./bus-cost-options.ts";

test("parseBusCostOptions() given nothing", () => {
  deepEqual(parseBusCostOptions([]), {
    json: false,
    connections: 64,
    seconds: 30,
    sizeMib: 256,
    runs: 3,
    pipeline: 64,
    loadProcesses: 1,
  });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "a window without a choke round", args: ["--seconds", "9"], message: /from 10 to/ },
  { given: "no connections", args: ["--connections", "0"], message: /--connections/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseBusCostOptions() refuses ${given}`, () => {
    throws(() => parseBusCostOptions(args), { name: new BenchError().name, message });
  });
}
