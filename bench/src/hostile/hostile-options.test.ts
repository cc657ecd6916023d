import { deepEqual, equal, match, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { ATTACKS } from "./attacks.ts";
import { HOSTILE_USAGE, parseHostileOptions } from "./hostile-options.ts";

test("parseHostileOptions() given nothing", () => {
  deepEqual(parseHostileOptions([]), {
    json: false,
    attacks: ATTACKS.map(({ name }) => name),
    perSecond: 50,
    connections: 8,
    seconds: 4,
    sizeMib: 256,
    runs: 3,
    pipeline: 64,
  });
});

test("parseHostileOptions() given two attacks and a rate", () => {
  const options = parseHostileOptions(["--attacks", "slow-loris,garbage", "--rate", "500"]);
  if (options === "help") throw new Error("no help was asked for");
  deepEqual([options.attacks, options.perSecond], [["slow-loris", "garbage"], 500]);
  equal(parseHostileOptions(["--help"]), "help");
});

test("HOSTILE_USAGE names every attack", () => {
  for (const { name } of ATTACKS) match(HOSTILE_USAGE, new RegExp(`\\b${name}\\b`));
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--rate", "many"], message: /--rate .*"many"/ },
  { given: "an unknown attack", args: ["--attacks", "garbage,kindness"], message: /"kindness"/ },
  { given: "more good peers than slots", args: ["--connections", "201"], message: /200/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseHostileOptions() refuses ${given}`, () => {
    throws(() => parseHostileOptions(args), { name: new BenchError().name, message });
  });
}
