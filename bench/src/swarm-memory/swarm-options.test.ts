import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseSwarmOptions } from "./swarm-options.ts";

test("parseSwarmOptions() given nothing", () => {
  const expected = { json: false, swarms: 1_000_000, peersPerSwarm: 10, largePeers: 5_000 };
  deepEqual(parseSwarmOptions([]), expected);
});

test("parseSwarmOptions() given numbers", () => {
  const args = ["--swarms", "2000", "--peers", "3", "--large", "100", "--json"];
  const expected = { json: true, swarms: 2_000, peersPerSwarm: 3, largePeers: 100 };
  deepEqual(parseSwarmOptions(args), expected);
});

test("parseSwarmOptions() refuses no swarms", () => {
  throws(() => parseSwarmOptions(["--swarms", "0"]), /--swarms/);
});
