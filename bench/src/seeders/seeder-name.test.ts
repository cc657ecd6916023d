import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../bench-error.ts";
import { seederLabel, seederNames } from "./seeder-name.ts";

const cases = [
  {
    given: "ours and libtorrent",
    peers: "seedfleet,libtorrent",
    workers: [1],
    then: ["seedfleet", "libtorrent"],
  },
  {
    given: "two counts of workers",
    peers: "seedfleet,libtorrent",
    workers: [1, 2],
    then: ["seedfleet", "seedfleet ×2", "libtorrent"],
  },
  {
    given: "another checkout",
    peers: "seedfleet,seedfleet=/a/b",
    workers: [1],
    then: ["seedfleet", "seedfleet=b"],
  },
] as const;

for (const { given, peers, workers, then } of cases) {
  test(`seederNames() given ${given}`, () => {
    deepEqual(seederNames(peers, workers).map(seederLabel), then);
  });
}

const refused = [
  { given: "an unknown seeder", peers: "seedfleet,aria", message: /"aria"/ },
  { given: "no checkout behind the sign", peers: "seedfleet=", message: /"seedfleet="/ },
  { given: "nobody to make the .torrent", peers: "libtorrent", message: /\.torrent/ },
] as const;

for (const { given, peers, message } of refused) {
  test(`seederNames() refuses ${given}`, () => {
    throws(() => seederNames(peers, [1]), { name: new BenchError().name, message });
  });
}
