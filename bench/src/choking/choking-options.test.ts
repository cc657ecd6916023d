import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseChokingOptions } from "./choking-options.ts";

test("parseChokingOptions() given nothing", () => {
  const parts = ["reciprocation", "adversary", "fleet", "round"];
  deepEqual(parseChokingOptions([]), { json: false, parts, seeds: 3 });
});

test("parseChokingOptions() given parts and a number", () => {
  const options = parseChokingOptions(["--parts", "fleet,round", "--seeds", "7", "--json"]);
  deepEqual(options, { json: true, parts: ["fleet", "round"], seeds: 7 });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no seed at all", args: ["--seeds", "0"], message: /--seeds .*"0"/ },
  { given: "an unknown part", args: ["--parts", "luck"], message: /"luck"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseChokingOptions() refuses ${given}`, () => {
    throws(() => parseChokingOptions(args), { name: new BenchError().name, message });
  });
}
