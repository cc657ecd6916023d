import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseSeedOptions } from "./seed-options.ts";

test("parseSeedOptions() given nothing", () => {
  deepEqual(parseSeedOptions([]), {
    json: false,
    connections: [1, 8, 64],
    seconds: 3,
    sizeMib: 1_024,
    runs: 5,
    pipeline: 64,
    peers: [{ kind: "seedfleet", checkout: null }, { kind: "libtorrent" }],
  });
});

test("parseSeedOptions() given another checkout", () => {
  const options = parseSeedOptions(["--peers", "seedfleet,seedfleet=/a/b", "--json"]);
  if (options === "help") throw new Error("no help was asked for");
  deepEqual(options.peers[1], { kind: "seedfleet", checkout: "/a/b" });
  equal(options.json, true);
});

const refused = [
  { given: "an unknown flag", args: ["--fast"], message: /--fast/ },
  { given: "no number", args: ["--runs", "many"], message: /--runs .*"many"/ },
  { given: "no runs", args: ["--runs", "0"], message: /--runs/ },
  { given: "an unknown seeder", args: ["--peers", "seedfleet,aria"], message: /"aria"/ },
  { given: "nobody to make the .torrent", args: ["--peers", "libtorrent"], message: /\.torrent/ },
] as const;

for (const { given, args, message } of refused) {
  test(`parseSeedOptions() refuses ${given}`, () => {
    throws(() => parseSeedOptions(args), { name: new BenchError().name, message });
  });
}
