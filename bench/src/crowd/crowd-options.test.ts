import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseCrowdOptions } from "./crowd-options.ts";

test("parseCrowdOptions() given nothing", () => {
  deepEqual(parseCrowdOptions([]), {
    json: false,
    peers: 10_000,
    torrents: 4,
    slots: 1_250,
    runs: 3,
    rounds: 4,
    settleSeconds: 20,
    loadProcesses: 1,
  });
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "a crowd of one", args: ["--peers", "1"], message: /--peers .*"1"/ },
  { given: "too many peers of a torrent", args: ["--torrents", "2"], message: /--torrents 3 / },
  { given: "parts that are not even", args: ["--peers", "10004"], message: /multiple of 8/ },
  { given: "no rounds", args: ["--rounds", "0"], message: /--rounds/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseCrowdOptions() refuses ${given}`, () => {
    throws(() => parseCrowdOptions(args), { name: new BenchError().name, message });
  });
}
