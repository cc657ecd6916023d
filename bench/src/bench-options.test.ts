import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "./bench-error.ts";
import { countOption, countsOption, parseFlags } from "./bench-options.ts";

const RANGE = { min: 2, max: 2_000_000 };
const name = new BenchError().name;

test("countOption() takes both ends of its range", () => {
  equal(countOption("--runs", "2", RANGE), 2);
  equal(countOption("--runs", "2000000", RANGE), 2_000_000);
});

for (const value of ["1", "2000001", "", "-3", "2.5", "1e3", "many", "99999999"]) {
  test(`countOption() refuses "${value}"`, () => {
    const message = `--runs takes numbers from 2 to 2000000, not "${value}"`;
    throws(() => countOption("--runs", value, RANGE), { name, message });
  });
}

test("countsOption() takes every number, and refuses all for one that is none", () => {
  deepEqual(countsOption("--connections", "8,64", RANGE), [8, 64]);
  throws(() => countsOption("--connections", "8,,64", RANGE), { name, message: /not ""/ });
});

test("parseFlags() gives what is there, and names a flag that is not", () => {
  const options = { json: { type: "boolean", default: false }, runs: { type: "string" } } as const;
  deepEqual({ ...parseFlags("seed", ["--runs", "3"], options) }, { json: false, runs: "3" });
  throws(() => parseFlags("seed", ["--fast"], options), { name, message: /--fast.*seed --help/ });
});
