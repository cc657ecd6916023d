import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chokeRound } from "./choke-round.ts";
import { type ChokerState, initialChokerState, peerKey } from "./choker-model.ts";
import { givenPeer } from "./testing.ts";

const config = { unchokeSlots: 3, optimisticUnchokeIntervalMs: 30_000 };
const serving = (rate: number) => ({ amChoking: false, uploadBytesPerSecond: rate });
const lucky: ChokerState = {
  optimistic: peerKey("lucky"),
  optimisticSinceMs: 80_000,
  unchokeSlots: 3,
};

const cases = [
  {
    given: "an unchoked peer that lost interest",
    peers: [givenPeer("a", { amChoking: false, peerInterested: false })],
    then: { a: "not-interested" },
  },
  {
    given: "fewer interested peers than slots",
    peers: [givenPeer("a"), givenPeer("b")],
    then: { a: "optimistic", b: "free-slot" },
  },
  {
    given: "more interested peers than slots",
    peers: [
      givenPeer("fast", serving(9)),
      givenPeer("middle", serving(5)),
      givenPeer("slow", { ...serving(1), unchokedAtMs: 5_000 }),
      givenPeer("waits", { connectedAtMs: 4_000 }),
    ],
    then: { fast: "rate", middle: "rate", slow: "outranked", waits: "optimistic" },
  },
  {
    given: "a choked peer whose last bytes still count as a rate",
    peers: [
      givenPeer("a", serving(2)),
      givenPeer("b", serving(1)),
      givenPeer("draining", { uploadBytesPerSecond: 99, unchokedAtMs: 90_000 }),
      givenPeer("waits"),
    ],
    then: { a: "rate", b: "rate", draining: "outranked", waits: "optimistic" },
  },
  {
    given: "an optimistic unchoke younger than 30 s",
    state: lucky,
    peers: [
      givenPeer("lucky", serving(0)),
      givenPeer("a", serving(2)),
      givenPeer("b", serving(1)),
      givenPeer("waits"),
    ],
    then: { lucky: "optimistic", a: "rate", b: "rate", waits: "outranked" },
  },
  {
    given: "an optimistic unchoke of 30 s that became the fastest",
    state: { ...lucky, optimisticSinceMs: 70_000 },
    peers: [
      givenPeer("lucky", serving(9)),
      givenPeer("a", serving(2)),
      givenPeer("b", { ...serving(1), unchokedAtMs: 1 }),
      givenPeer("waits"),
    ],
    then: { lucky: "rate", a: "rate", b: "outranked", waits: "optimistic" },
  },
  {
    given: "equal rates",
    peers: [
      givenPeer("z", serving(0)),
      givenPeer("y", serving(0)),
      givenPeer("a", { connectedAtMs: 2 }),
      givenPeer("b", { connectedAtMs: 1 }),
    ],
    then: { z: "rate", y: "rate", a: "outranked", b: "optimistic" },
  },
] as const;

for (const { given, peers, then, ...rest } of cases) {
  test(`chokeRound() given ${given}`, () => {
    const state = "state" in rest ? rest.state : initialChokerState(config);
    const { decisions } = chokeRound(state, peers, config, 100_000);
    deepEqual(Object.fromEntries(decisions.map((each) => [each.peerKey, each.reason])), then);
  });
}

const anyPeer = fc.record({
  amChoking: fc.boolean(),
  peerInterested: fc.boolean(),
  uploadBytesPerSecond: fc.nat(3),
  connectedAtMs: fc.nat(3),
  unchokedAtMs: fc.option(fc.nat(3)),
});

test("chokeRound() fills every slot, only with the interested, whatever the order", () => {
  fc.assert(
    fc.property(fc.array(anyPeer, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (all, n) => {
      const peers = all.map((peer, index) => givenPeer(`peer-${index}`, peer));
      const few = { ...config, unchokeSlots: n };
      const { decisions } = chokeRound(initialChokerState(few), peers, few, 10);
      const reversed = chokeRound(initialChokerState(few), peers.toReversed(), few, 10);
      const interested = peers.filter((peer) => peer.peerInterested).map((peer) => peer.peerKey);
      const unchoked = decisions.filter((each) => each.unchoked).map((each) => each.peerKey);
      equal(unchoked.length, Math.min(n, interested.length));
      ok(unchoked.every((key) => interested.includes(key)));
      equal(decisions.length, peers.length);
      deepEqual(reversed.decisions.toReversed(), decisions);
    }),
  );
});

test("chokeRound() given auto slots doubles them while every one earns its place", () => {
  const auto = { ...config, unchokeSlots: "auto" } as const;
  const peers = Array.from({ length: 12 }, (_, index) =>
    givenPeer(`peer-${index}`, { amChoking: index >= 4, uploadBytesPerSecond: 50_000 }),
  );
  const { state } = chokeRound(initialChokerState(auto), peers, auto, 0);
  equal(state.unchokeSlots, 8);
});

test("chokeRound() given auto slots gives up those that are too slow to be worth one", () => {
  const auto = { ...config, unchokeSlots: "auto" } as const;
  const peers = Array.from({ length: 12 }, (_, index) =>
    givenPeer(`peer-${index}`, { amChoking: false, uploadBytesPerSecond: 9_300 }),
  );
  const state = { ...initialChokerState(auto), unchokeSlots: 16 };
  equal(chokeRound(state, peers, auto, 0).state.unchokeSlots, 6);
});
