import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { peerKey } from "./choker-model.ts";
import { initialLeechState, leechRound } from "./leech-round.ts";
import { givenLeechPeer } from "./testing.ts";

const NOW_MS = 100_000;
const config = { unchokeSlots: 3, optimisticUnchokeIntervalMs: 30_000 };

const giving = (rate: number, differing = {}) => ({ downloadBytesPerSecond: rate, ...differing });
const snubbing = giving(50, { unchokedUsAtMs: 0, pieceAtMs: NOW_MS - 60_001 });

const cases = [
  {
    given: "peers that give and one that only takes",
    peers: [
      givenLeechPeer("best", giving(9)),
      givenLeechPeer("good", giving(5)),
      givenLeechPeer("worse", giving(1)),
      givenLeechPeer("takes", { amChoking: false }),
    ],
    rotation: ["takes", "worse", "good", "best"],
    then: [
      ...["best regular 1 ranked", "good regular 2 ranked"],
      ...["worse choked 3 outranked", "takes optimistic null turn"],
    ],
  },
  {
    given: "a better peer that wants nothing",
    peers: [
      givenLeechPeer("ready", giving(7, { peerInterested: false })),
      givenLeechPeer("best", giving(9)),
      givenLeechPeer("good", giving(5)),
      givenLeechPeer("idle", giving(4, { peerInterested: false })),
    ],
    rotation: [],
    then: [
      ...["ready ready 2 gives-more", "best regular 1 ranked", "good regular 3 ranked"],
      "idle choked 4 not-interested",
    ],
  },
  {
    given: "nobody that gives but one that snubs: every slot is optimistic",
    peers: [
      ...[
        givenLeechPeer("a"),
        givenLeechPeer("b"),
        givenLeechPeer("c"),
        givenLeechPeer("seed", snubbing),
      ],
      givenLeechPeer("partial", { uploadOnly: true }),
    ],
    rotation: ["a", "b", "c", "seed", "partial"],
    then: [
      ...["a optimistic null turn", "b optimistic null turn", "c optimistic null turn"],
      ...["seed choked null snubbed", "partial choked null upload-only"],
    ],
  },
] as const;

for (const { given, peers, rotation, then } of cases) {
  test(`leechRound() given ${given}`, () => {
    const state = { ...initialLeechState(1), rotation: rotation.map(peerKey) };
    const { decisions } = leechRound(state, peers, config, NOW_MS);
    deepEqual(
      decisions.map((each) => {
        return `${each.peerKey} ${each.decision} ${each.rank} ${each.because.rule}`;
      }),
      then,
    );
  });
}

test("leechRound() moves each optimistic slot every 30 s, and starves nobody", () => {
  let peers = Array.from({ length: 12 }, (_, at) => givenLeechPeer(`peer-${at}`));
  let state = initialLeechState(3);
  const turns = new Map<string, number>();
  for (let nowMs = 0; nowMs < 1_200_000; nowMs += 10_000) {
    const round = leechRound(state, peers, config, nowMs);
    for (const { peerKey, sinceMs } of round.state.optimistic) {
      if (sinceMs === nowMs) turns.set(peerKey, (turns.get(peerKey) ?? 0) + 1);
    }
    state = round.state;
    peers = peers.map((peer, at) => {
      return { ...peer, amChoking: round.decisions[at]?.decision === "choked" };
    });
  }
  deepEqual(new Set(turns.values()), new Set([10]));
});

test("leechRound() lets a new peer be next three times as often as at any other place", () => {
  const known = ["a", "b", "c", "d", "e"].map(peerKey);
  const places = Array.from({ length: known.length + 1 }, () => 0);
  for (let chance = 0; chance < 4_000; chance += 1) {
    const peers = [...known, "new"].map((key) => givenLeechPeer(key, { peerInterested: false }));
    const before = { ...initialLeechState(chance), rotation: known };
    const { state } = leechRound(before, peers, config, 0);
    const place = state.rotation.indexOf(peerKey("new"));
    places[place] = (places[place] ?? 0) + 1;
  }
  for (const [place, count] of places.entries()) {
    const expected = place === 0 ? 1_500 : 500;
    ok(Math.abs(count - expected) < 120, `place ${place}: ${count}`);
  }
});
