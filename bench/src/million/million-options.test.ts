import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseMillionOptions } from "./million-options.ts";

test("parseMillionOptions() given nothing", () => {
  deepEqual(parseMillionOptions([]), {
    json: false,
    torrents: 20_000,
    samples: 1_000,
    runs: 3,
    settleSeconds: 10,
    writesAtOnce: 256,
  });
});

test("parseMillionOptions() given a million", () => {
  const options = parseMillionOptions(["--torrents", "1000000"]);
  deepEqual(options === "help" ? null : options.torrents, 1_000_000);
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "too few torrents to forget any", args: ["--torrents", "3000"], message: /3048/ },
  { given: "no samples", args: ["--samples", "0"], message: /--samples/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseMillionOptions() refuses ${given}`, () => {
    throws(() => parseMillionOptions(args), { name: new BenchError().name, message });
  });
}
