import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseKnownOptions } from "./known-options.ts";

test("parseKnownOptions() given nothing", () => {
  deepEqual(parseKnownOptions([]), {
    json: false,
    cases: ["store", "up"],
    torrents: 10_000,
    runs: 5,
    told: false,
  });
});

test("parseKnownOptions() given a case and a number", () => {
  const options = parseKnownOptions(["--cases", "up", "--torrents", "300", "--told", "--json"]);
  deepEqual(options, { json: true, cases: ["up"], torrents: 300, runs: 5, told: true });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--runs", "many"], message: /--runs .*"many"/ },
  { given: "more than a command line holds", args: ["--torrents", "99999"], message: /20000/ },
  { given: "an unknown case", args: ["--cases", "down"], message: /"down"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseKnownOptions() refuses ${given}`, () => {
    throws(() => parseKnownOptions(args), { name: new BenchError().name, message });
  });
}
