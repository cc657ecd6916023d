import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { peerKey } from "./choker-model.ts";
import { initialLeechState, type LeechPeer, leechRound } from "./leech-round.ts";
import { settleLeech } from "./settle-leech.ts";
import { givenLeechPeer } from "./testing.ts";

const NOW_MS = 100_000;
const config = { unchokeSlots: 3, optimisticUnchokeIntervalMs: 30_000 };
const holds = (rate: number, differing = {}) => {
  return { amChoking: false, downloadBytesPerSecond: rate, ...differing };
};
const optimistic = [{ peerKey: peerKey("lucky"), sinceMs: 90_000 }];
const lucky = givenLeechPeer("lucky", holds(0));

const cases = [
  {
    given: "a holder that lost interest: who is next in the rotation has its slot",
    peers: [
      givenLeechPeer("bored", holds(9, { peerInterested: false })),
      givenLeechPeer("good", holds(5)),
      lucky,
      givenLeechPeer("waits"),
      givenLeechPeer("next"),
    ],
    ready: [],
    rotation: ["next", "waits", "good", "bored", "lucky"],
    then: ["bored choked not-interested", "next optimistic turn"],
  },
  {
    given: "a ready peer that became interested: the worst regular one goes",
    peers: [
      givenLeechPeer("ready", holds(7)),
      givenLeechPeer("best", holds(9)),
      givenLeechPeer("worst", holds(5)),
      lucky,
    ],
    ready: ["ready"],
    rotation: ["best", "ready", "worst", "lucky"],
    then: ["worst choked outranked", "ready regular ranked"],
  },
  {
    given: "a ready peer that became interested while a slot is free",
    peers: [givenLeechPeer("ready", holds(7)), givenLeechPeer("best", holds(9)), lucky],
    ready: ["ready"],
    rotation: ["best", "ready", "lucky"],
    then: ["ready regular ranked"],
  },
  {
    given: "a ready peer that still wants nothing",
    peers: [givenLeechPeer("ready", holds(7, { peerInterested: false })), lucky],
    ready: ["ready"],
    rotation: ["lucky", "ready"],
    then: [],
  },
] as const;

for (const { given, peers, ready, rotation, then } of cases) {
  test(`settleLeech() given ${given}`, () => {
    const order = rotation.map(peerKey);
    const state = {
      ...initialLeechState(1),
      optimistic,
      ready: ready.map(peerKey),
      rotation: order,
    };
    const { decisions } = settleLeech(state, peers, config, NOW_MS);
    deepEqual(
      decisions.map((each) => `${each.peerKey} ${each.decision} ${each.because.rule}`),
      then,
    );
  });
}

const anyPeer = fc.record({
  peerInterested: fc.boolean(),
  downloadBytesPerSecond: fc.nat(5),
});

test("settleLeech() after a round fills every slot, only with the interested", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyPeer, anyPeer), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (all, unchokeSlots) => {
        const given = { ...config, unchokeSlots };
        const before = all.map(([peer], at) => givenLeechPeer(`peer-${at}`, peer));
        const round = leechRound(initialLeechState(1), before, given, 0);
        const changed = applied(before, round.decisions).map((peer, at) => {
          return { ...peer, ...all[at]?.[1] };
        });
        const settled = settleLeech(round.state, changed, given, 5_000);
        const after = applied(changed, settled.decisions);
        const holders = after.filter((peer) => !peer.amChoking && peer.peerInterested);
        const wanting = after.filter((peer) => peer.peerInterested);
        equal(holders.length, Math.min(unchokeSlots, wanting.length));
        ok(
          after.every((peer) => {
            const isReady = settled.state.ready.includes(peer.peerKey);
            return peer.amChoking || peer.peerInterested || isReady;
          }),
        );
        deepEqual(settleLeech(settled.state, after, given, 6_000).decisions, []);
      },
    ),
  );
});

function applied(
  peers: readonly LeechPeer[],
  decisions: ReturnType<typeof leechRound>["decisions"],
): readonly LeechPeer[] {
  const decided = new Map(decisions.map((each) => [each.peerKey, each.decision === "choked"]));
  return peers.map((peer) => {
    return { ...peer, amChoking: decided.get(peer.peerKey) ?? peer.amChoking };
  });
}
