import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "@seedfleet/runtime";
import { CONTENDERS } from "./contenders.ts";
import { hitRatio } from "./eviction-report.ts";
import { simulate } from "./simulate.ts";
import { CACHE_BYTES, TRACES, type TraceName } from "./traces.ts";

const PIECE_BYTES = 100;

function givenBatch(peer: number, piece: number, isCounted = true) {
  return { peer, piece, bytes: PIECE_BYTES / 2, isFirst: true, isCounted };
}

for (const contender of CONTENDERS) {
  test(`simulate() given ${contender.name} brings what is not there`, () => {
    const batches = [givenBatch(1, 0, false), givenBatch(2, 0), givenBatch(2, 1), givenBatch(1, 1)];
    const trace = { pieceBytes: [PIECE_BYTES, PIECE_BYTES], batches };
    const served = simulate(trace, contender, 2 * PIECE_BYTES);
    deepEqual(served, { servedBytes: 150, broughtBytes: 100 });
  });
}

test("simulate() given a cache of one piece brings it whenever the other was asked for", () => {
  const batches = [givenBatch(1, 0), givenBatch(1, 1), givenBatch(1, 1), givenBatch(1, 0)];
  const trace = { pieceBytes: [PIECE_BYTES, PIECE_BYTES], batches };
  for (const contender of CONTENDERS) {
    const { broughtBytes } = simulate(trace, contender, PIECE_BYTES);
    deepEqual(broughtBytes, 300, contender.name);
  }
});

/** What docs/BENCHMARKS.md says of ours, with room for a shorter trace. */
const claims: readonly (readonly [TraceName, number])[] = [
  ["flush", 0.3],
  ["scan", 0.1],
  ["popular", 0.07],
  ["release", 0.03],
  ["rarest", -0.02],
  ["behind", -0.02],
  ["uniform", -0.01],
];

for (const [name, leadMin] of claims) {
  test(`the policy of gateways leads LRU by ${leadMin} at least given "${name}"`, () => {
    const trace = TRACES[name](seededRng(7), 60_000);
    const [lru, ours] = ["lru", "ours:peers"].map((each) => {
      const contender = CONTENDERS.find((one) => one.name === each);
      ok(contender !== undefined);
      return hitRatio(simulate(trace, contender, CACHE_BYTES));
    });
    const lead = (ours ?? 0) - (lru ?? 0);
    ok(lead >= leadMin, `ours ${ours?.toFixed(3)}, LRU ${lru?.toFixed(3)}`);
  });
}
