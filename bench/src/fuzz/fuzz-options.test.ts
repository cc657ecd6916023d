import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseFuzzOptions, SEED_MAX } from "./fuzz-options.ts";

test("parseFuzzOptions() given nothing takes a minute, and a seed by the clock", () => {
  const nowMs = SEED_MAX + 1 + 77;
  deepEqual(parseFuzzOptions([], nowMs), {
    ...{ target: "gateway", seconds: 60, seed: 77, first: 0, parallel: 32, workers: 1 },
  });
});

test("parseFuzzOptions() given a session of a seed comes to it", () => {
  const args = ["--target", "tracker", "--minutes", "60", "--seed", "7", "--first", "9000"];
  const options = parseFuzzOptions(args);
  deepEqual(options, {
    ...{ target: "tracker", seconds: 3_600, seed: 7, first: 9_000, parallel: 32, workers: 1 },
  });
  const short = parseFuzzOptions(["--seconds", "3", "--parallel", "1", "--workers", "2"]);
  ok(short !== "help");
  deepEqual([short.seconds, short.parallel, short.workers], [3, 1, 2]);
  equal(parseFuzzOptions(["-h"]), "help");
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "an unknown target", args: ["--target", "bus"], message: /--target .*"bus"/ },
  { given: "no number", args: ["--minutes", "an hour"], message: /--minutes .*"an hour"/ },
  { given: "a seed too large", args: ["--seed", String(SEED_MAX + 1)], message: /--seed/ },
  { given: "more peers than slots", args: ["--parallel", "181"], message: /180/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseFuzzOptions() refuses ${given}`, () => {
    throws(() => parseFuzzOptions(args), { name: new BenchError().name, message });
  });
}
