import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { parseDownloadSwarmOptions } from "./download-swarm-options.ts";

test("parseDownloadSwarmOptions() divides the rates", () => {
  const options = parseDownloadSwarmOptions(["--slower", "4", "--leecher-mbps", "8"]);
  if (options === "help") throw new BenchError("no help was asked for");
  equal(options.seedBytesPerSecond, 5_000_000);
  equal(options.leecherBytesPerSecond, 2_000_000);
});

test("parseDownloadSwarmOptions() refuses a seed that there is not", () => {
  throws(() => parseDownloadSwarmOptions(["--seed", "aria2"]), /libtorrent, seedfleet, super/);
});

test("parseDownloadSwarmOptions() refuses more Seedfleets than leechers", () => {
  const args = ["--leechers", "3", "--seedfleets", "0,4"];
  throws(() => parseDownloadSwarmOptions(args), {
    name: new BenchError().name,
    message: /3 at most/,
  });
});
