import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseFillOptions } from "./fill-options.ts";

test("parseFillOptions() given nothing", () => {
  deepEqual(parseFillOptions([]), {
    json: false,
    buses: ["nats", "embedded"],
    runs: 5,
    sizeMib: 1_024,
    pieceKib: 1_024,
    cacheMib: 256,
    piecesAtOnce: 16,
  });
});

test("parseFillOptions() given everything", () => {
  const args = "--buses embedded --runs 1 --size-mb 64 --piece-kb 256 --cache-mb 32".split(" ");
  deepEqual(parseFillOptions([...args, "--pieces-at-once", "4", "--json"]), {
    json: true,
    buses: ["embedded"],
    runs: 1,
    sizeMib: 64,
    pieceKib: 256,
    cacheMib: 32,
    piecesAtOnce: 4,
  });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--runs", "many"], message: /--runs .*"many"/ },
  { given: "no runs", args: ["--runs", "0"], message: /--runs/ },
  { given: "an unknown bus", args: ["--buses", "nats,kafka"], message: /"kafka"/ },
  { given: "a piece of no length", args: ["--piece-kb", "1000"], message: /two, not "1000"/ },
  { given: "a piece too long", args: ["--piece-kb", "32768"], message: /16 to 16384/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseFillOptions() refuses ${given}`, () => {
    throws(() => parseFillOptions(args), { name: new BenchError().name, message });
  });
}
