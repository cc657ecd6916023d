import { ok } from "node:assert/strict";
import { test } from "node:test";
import { chokeRound } from "./choke-round.ts";
import { CHOKE_ROUND_INTERVAL_MS, initialChokerState } from "./choker-model.ts";
import { applyRound, givenPeer } from "./testing.ts";

const SIMULATED_MS = 30 * 60_000;

/** How long each of so many equal peers holds a slot in thirty minutes, in ms. */
function simulate(peerCount: number, unchokeSlots: number): number[] {
  const config = { unchokeSlots, optimisticUnchokeIntervalMs: 30_000 };
  const heldMs = new Map<string, number>();
  let state = initialChokerState(config);
  let peers = Array.from({ length: peerCount }, (_, index) => givenPeer(`peer-${index}`));
  for (let nowMs = 0; nowMs < SIMULATED_MS; nowMs += CHOKE_ROUND_INTERVAL_MS) {
    const round = chokeRound(state, peers, config, nowMs);
    state = round.state;
    peers = applyRound(peers, round, nowMs);
    for (const { peerKey, amChoking } of peers) {
      if (!amChoking) heldMs.set(peerKey, (heldMs.get(peerKey) ?? 0) + CHOKE_ROUND_INTERVAL_MS);
    }
  }
  return peers.map(({ peerKey }) => heldMs.get(peerKey) ?? 0);
}

// libtorrent's measure of fairness: twenty equal peers and one slot, so ninety seconds each.
test("chokeRound() gives twenty peers of one slot the same time to within 1.5 s", () => {
  for (const heldMs of simulate(20, 1)) {
    ok(Math.abs(heldMs - 90_000) <= 1_500, `a peer held the slot for ${heldMs} ms`);
  }
});

test("chokeRound() starves nobody when the fast keep their slots", () => {
  for (const heldMs of simulate(20, 4)) {
    ok(heldMs >= 60_000, `a peer held a slot for only ${heldMs} ms`);
  }
});
