import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseWriteOptions } from "./write-options.ts";

test("parseWriteOptions() given nothing", () => {
  deepEqual(parseWriteOptions([]), {
    json: false,
    buses: ["nats", "embedded"],
    runs: 3,
    sizeMib: 1_024,
    piecesKib: [256, 1_024, 4_096],
    piecesAtOnce: 32,
    directory: null,
  });
});

test("parseWriteOptions() given everything", () => {
  const args = "--buses embedded --runs 1 --size-mb 64 --pieces-kb 64 --directory /x".split(" ");
  deepEqual(parseWriteOptions([...args, "--pieces-at-once", "4", "--json"]), {
    json: true,
    buses: ["embedded"],
    runs: 1,
    sizeMib: 64,
    piecesKib: [64],
    piecesAtOnce: 4,
    directory: "/x",
  });
  equal(parseWriteOptions(["--help"]), "help");
});

for (const args of [["--pieces-kb", "100"], ["--buses", "wires"], ["--runs", "0"], ["--what"]]) {
  test(`parseWriteOptions() given ${args.join(" ")}`, () => {
    throws(() => parseWriteOptions(args), BenchError);
  });
}
