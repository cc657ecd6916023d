import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { MirrorProgress } from "@seedfleet/contracts";
import { givenInfoHash } from "./fleet-testing.ts";
import { doneShare, mirrorLine, mirrorStanding, mirrorTotals } from "./mirror-totals.ts";

const MIRROR = { infoHash: givenInfoHash("ab"), name: null };

function told(gateway: string, differing: Partial<MirrorProgress> = {}): MirrorProgress {
  return {
    ...{ gateway, state: "downloading", reason: null, name: "debian" },
    ...{ pieceCount: 10, pieceLengthBytes: 1_000_000, havePieces: 4, downloadedBytes: 3_000_000 },
    ...{ wastedBytes: 1, uploadedBytes: 2, bytesPerSecond: 500_000, peers: 3, seeds: 1 },
    ...differing,
  };
}

test("mirrorTotals() adds up what gateways do, and takes the most pieces for what is there", () => {
  const totals = mirrorTotals(MIRROR, [told("b", { havePieces: 5 }), told("a")], null);
  deepEqual(totals, {
    ...{ infoHash: MIRROR.infoHash, name: "debian", state: "downloading", reason: null },
    ...{ gateways: ["a", "b"], pieceCount: 10, havePieces: 5, downloadedBytes: 6_000_000 },
    ...{ wastedBytes: 2, uploadedBytes: 4, bytesPerSecond: 1_000_000, peers: 6, seeds: 2 },
    ...{ chosenPieces: null, missingPieces: 5, remainingMs: 5_000 },
  });
});

const paused = { state: "paused", reason: "the disk is full" } as const;
const metadata = { state: "metadata", pieceCount: null, pieceLengthBytes: null } as const;

for (const { given, progress, then } of [
  { given: "nobody", progress: [], then: ["waiting", "for gateway-1"] },
  { given: "one that is ahead", progress: [metadata, {}], then: ["downloading", null] },
  { given: "one that is done", progress: [{}, { state: "complete" }], then: ["complete", null] },
  {
    given: "one that has the chosen files",
    progress: [{}, { state: "partial" }],
    then: ["partial", null],
  },
  { given: "one that can go on", progress: [paused, {}], then: ["downloading", null] },
  { given: "none that can", progress: [paused, paused], then: ["paused", "the disk is full"] },
  {
    given: "one that will",
    progress: [{ state: "failed", reason: "no" }, paused],
    then: ["paused", "the disk is full"],
  },
  {
    given: "one that says what it waits for",
    progress: [{}, { reason: "no peers" }],
    then: ["downloading", "no peers"],
  },
] as const) {
  test(`mirrorTotals() given ${given} tells the state of all`, () => {
    const all = progress.map((each, at) => told(`gateway-${at}`, each));
    const { state, reason } = mirrorTotals(MIRROR, all, "for gateway-1");
    deepEqual([state, reason], then);
  });
}

test("mirrorTotals() of what does not go on has no end in sight", () => {
  const stalled = mirrorTotals(MIRROR, [told("a", { bytesPerSecond: 0 })], null);
  equal(stalled.remainingMs, null);
  const halted = mirrorTotals(MIRROR, [told("a", paused)], null);
  deepEqual([halted.bytesPerSecond, halted.remainingMs], [0, null]);
});

test("mirrorTotals() of chosen files counts what is missing of these", () => {
  const all = [
    { pieces: 4, missing: 3 },
    { pieces: 4, missing: 2 },
  ].map((chosen, at) => told(`gateway-${at}`, { chosen }));
  const totals = mirrorTotals(MIRROR, all, null);
  deepEqual(
    [totals.chosenPieces, totals.missingPieces, totals.remainingMs, doneShare(totals)],
    [4, 2, 2_000, 0.5],
  );
});

for (const [progress, then] of [
  [told("a"), "Mirroring debian [####      ]  40 %  500 kB/s  3 peers, 1 seed  12 s left"],
  [told("a", { peers: 0, seeds: 0 }), "Mirroring debian [####      ]  40 %  500 kB/s  12 s left"],
  [
    told("a", { bytesPerSecond: 0, reason: "no peers" }),
    "Mirroring debian [####      ]  40 %  0 B/s  3 peers, 1 seed  no peers",
  ],
  [
    told("a", { state: "partial", chosen: { pieces: 4, missing: 0 }, bytesPerSecond: 0 }),
    "Mirroring debian [##########] 100 %  0 B/s  3 peers, 1 seed",
  ],
  [told("a", paused), "Mirroring debian: paused: the disk is full  3 peers, 1 seed"],
  [told("a", metadata), "Mirroring debian: asks peers for the metadata  3 peers, 1 seed"],
  [
    told("a", { name: "a\x1b[31m", state: "complete", havePieces: 10, bytesPerSecond: 0 }),
    "Mirroring a\\u{1b}[31m [##########] 100 %  0 B/s  3 peers, 1 seed",
  ],
] as const) {
  test(`mirrorLine() is ${then}`, () => {
    equal(mirrorLine(mirrorTotals(MIRROR, [progress], null)), then);
  });
}

test("mirrorLine() fits a terminal, whatever it tells", () => {
  const long = { name: "a".repeat(99), peers: 9_999, seeds: 9_999, reason: "no ".repeat(99) };
  for (const differing of [long, { ...long, ...paused, reason: long.reason }]) {
    ok(mirrorLine(mirrorTotals(MIRROR, [told("a", differing)], null)).length < 100);
  }
});

test("mirrorStanding() tells a stranger's words in one line", () => {
  const totals = mirrorTotals(MIRROR, [told("a", { state: "failed", reason: "a\nb" })], null);
  equal(mirrorStanding(totals), "failed: a\\u{a}b");
});
