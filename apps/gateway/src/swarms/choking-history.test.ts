import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type Because, type PeerKey, peerKey, type UnchokeDecision } from "@seedfleet/choker";
import { CHANGES_KEPT_MAX, ChokingHistory, ROUNDS_KEPT_MAX } from "./choking-history.ts";

const [A, B] = [peerKey("a"), peerKey("b")];

test("ChokingHistory tells the last rounds of a peer, newest first, and by whom", () => {
  const history = new ChokingHistory();
  for (let round = 1; round <= ROUNDS_KEPT_MAX + 2; round += 1) {
    history.round(givenRound(round, [outranked(A, round)]));
  }
  const moments = history.momentsOf(A);
  deepEqual(
    moments.map(({ round }) => round),
    [8, 7, 6, 5, 4, 3],
  );
  deepEqual(moments[0], {
    ...{ atMs: 80_000, round: 8, decidedBy: "scheduler-1", wanting: 9 },
    ...{ decision: "choked", rank: 8, because: { rule: "outranked", slots: 4 } },
  });
  deepEqual(history.momentsOf(B), []);
});

test("ChokingHistory tells what happened between rounds in its place", () => {
  const history = new ChokingHistory();
  history.round(givenRound(1, [outranked(A, 5)]));
  history.tookSlot(A, 12_000);
  history.round(givenRound(2, [outranked(A, 6)]));
  deepEqual(
    history.momentsOf(A).map(({ atMs, round, because }) => [atMs, round, because.rule]),
    [
      [20_000, 2, "outranked"],
      [12_000, null, "free-slot"],
      [10_000, 1, "outranked"],
    ],
  );
});

test("ChokingHistory forgets what happened before the oldest round that it keeps", () => {
  const history = new ChokingHistory();
  history.tookSlot(A, 5_000);
  for (let round = 1; round <= ROUNDS_KEPT_MAX; round += 1) history.round(givenRound(round, []));
  deepEqual(history.momentsOf(A), []);
});

test("ChokingHistory of a peer that changes its mind without end stays small", () => {
  const history = new ChokingHistory();
  history.tookSlot(B, 1);
  for (let atMs = 2; atMs <= 1_000; atMs += 1) history.gaveSlotBack(A, atMs);
  equal(history.momentsOf(A).length, CHANGES_KEPT_MAX);
  equal(history.momentsOf(A)[0]?.atMs, 1_000);
  equal(history.momentsOf(B).length, 1);
  history.left(A);
  deepEqual(history.momentsOf(A), []);
});

test("ChokingHistory keeps nothing of peers that want nothing", () => {
  const history = new ChokingHistory();
  const rules: readonly Because[] = [{ rule: "not-interested" }, { rule: "upload-only" }];
  for (const because of rules) {
    history.round(givenRound(1, [{ peerKey: A, decision: "choked", rank: null, because }]));
  }
  deepEqual(history.momentsOf(A), []);
});

function givenRound(round: number, decisions: readonly UnchokeDecision[]) {
  return { atMs: round * 10_000, round, decidedBy: "scheduler-1", wanting: 9, decisions };
}

function outranked(key: PeerKey, rank: number): UnchokeDecision {
  return { peerKey: key, decision: "choked", rank, because: { rule: "outranked", slots: 4 } };
}
