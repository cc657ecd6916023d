import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseChokingRealOptions } from "./choking-real-options.ts";

test("parseChokingRealOptions() given nothing", () => {
  deepEqual(parseChokingRealOptions([]), {
    ...{ json: false, uploadBytesPerSecond: [50_000, 200_000, 800_000], each: 4 },
    ...{ gatewayBytesPerSecond: 1_000_000, slots: 3, sizeMib: 32 },
  });
});

test("parseChokingRealOptions() given other leechers and gateways", () => {
  const args = ["--upload-kb", "10,20", "--each=2", "--gateway-kb=5", "--slots=1", "--json"];
  deepEqual(parseChokingRealOptions([...args, "--size-mb", "8"]), {
    ...{ json: true, uploadBytesPerSecond: [10_000, 20_000], each: 2 },
    ...{ gatewayBytesPerSecond: 5_000, slots: 1, sizeMib: 8 },
  });
});

test("parseChokingRealOptions() given --help", () => {
  deepEqual(parseChokingRealOptions(["--help"]), "help");
});

for (const args of [["--each", "10"], ["--slots=0"], ["--upload-kb", "1,x"], ["--nope"]]) {
  test(`parseChokingRealOptions() refuses ${args.join(" ")}`, () => {
    throws(() => parseChokingRealOptions(args), BenchError);
  });
}
