import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseColdOptions } from "./cold-options.ts";

test("parseColdOptions() given nothing", () => {
  deepEqual(parseColdOptions([]), {
    json: false,
    connections: 8,
    seconds: 5,
    sizeMib: 8_192,
    cacheMib: 256,
    runs: 5,
    pipeline: 64,
    loadProcesses: 1,
    peers: [{ kind: "seedfleet", checkout: null, workers: 1 }, { kind: "libtorrent" }],
  });
});

const refused = [
  { given: "an unknown flag", args: ["--workers", "2"], message: /--workers/ },
  { given: "content that is hardly any", args: ["--size-mb", "1"], message: /--size-mb .*"1"/ },
  { given: "no cache", args: ["--cache-mb", "0"], message: /--cache-mb/ },
  { given: "several counts of connections", args: ["--connections", "1,8"], message: /"1,8"/ },
  { given: "an unknown seeder", args: ["--peers", "aria"], message: /"aria"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseColdOptions() refuses ${given}`, () => {
    throws(() => parseColdOptions(args), { name: new BenchError().name, message });
  });
}
