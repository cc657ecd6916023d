import { deepEqual, match } from "node:assert/strict";
import { test } from "node:test";
import { type CrowdRun, crowdFigures, crowdTable } from "./crowd-report.ts";

const MIB = 1024 * 1024;

function givenRun(withPeersMib: number, sentMs: readonly number[]): CrowdRun {
  return {
    connectSeconds: 3,
    before: { total: 100 * MIB, anonymous: 50 * MIB },
    withPeers: { total: withPeersMib * MIB, anonymous: (withPeersMib - 60) * MIB },
    rounds: sentMs.map((ms) => ({
      ...{ chokes: 1_020, unchokes: 4, sentMs: ms, decidedToLastMs: ms + 20 },
    })),
  };
}

const figures = crowdFigures(
  [givenRun(104, [50, 60]), givenRun(108, [70, 90]), givenRun(116, [10])],
  1_024,
);

test("crowdFigures() takes what was there before from each peer's memory", () => {
  deepEqual(figures.kibPerPeer, { median: 8, min: 4, max: 16 });
  deepEqual(figures.anonymousKibPerPeer, { median: -2, min: -6, max: 6 });
});

test("crowdFigures() takes the rounds of all runs together", () => {
  deepEqual(figures.sentMs, { median: 60, min: 10, max: 90 });
  deepEqual(figures.decidedToLastMs, { median: 80, min: 30, max: 110 });
});

test("crowdTable() is one line for a crowd", () => {
  const table = crowdTable({
    bench: "crowd",
    at: "2030-01-01T00:00:00.000Z",
    machine: {
      cpu: "a CPU",
      cores: 2,
      memoryBytes: 1,
      system: "Linux 6",
      node: "v26.0.0",
      congestionControl: "cubic",
    },
    crowd: { peers: 1_024, torrents: 4, slots: 4 },
    load: { runs: 3, rounds: 2, settleSeconds: 20, processes: 1 },
    figures,
  });
  match(table, /^crowd: interested peers of 4 torrents with 4 slots each, 3 gateways/m);
  match(table, /^ 1024 {2}8\.0 \(4\.0–16\.0\) +-2\.0 .* 108 +60 \(10–90\) +80 \(30–110\)/m);
});
