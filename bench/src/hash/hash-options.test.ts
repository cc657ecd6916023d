import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseHashOptions } from "./hash-options.ts";

test("parseHashOptions() given nothing", () => {
  deepEqual(parseHashOptions([]), {
    json: false,
    cases: ["file", "directory", "small-files"],
    sizeMib: 4_096,
    smallFiles: 100_000,
    runs: 5,
    threads: 2,
  });
});

test("parseHashOptions() given cases", () => {
  const options = parseHashOptions(["--cases", "small-files,file", "--json"]);
  if (options === "help") throw new Error("no help was asked for");
  deepEqual([options.cases, options.json], [["small-files", "file"], true]);
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--runs", "many"], message: /--runs .*"many"/ },
  { given: "no threads", args: ["--threads", "0"], message: /--threads/ },
  { given: "an unknown case", args: ["--cases", "file,tape"], message: /"tape"/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseHashOptions() refuses ${given}`, () => {
    throws(() => parseHashOptions(args), { name: new BenchError().name, message });
  });
}
