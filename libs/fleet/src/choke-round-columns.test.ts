import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type Because, peerKey, type Unchoke, type UnchokeDecision } from "@seedfleet/choker";
import fc from "fast-check";
import {
  packDecisions,
  packRoundPeers,
  type RoundPeer,
  unpackDecisions,
  unpackRoundPeers,
} from "./choke-round-columns.ts";

const NOW_MS = 1_000_000;
const OTHER_NOW_MS = 7_000_000_000;

const past = fc.integer({ min: 0, max: NOW_MS });
const anyPeer: fc.Arbitrary<RoundPeer> = fc.record({
  peerKey: fc.string({ minLength: 1 }).map(peerKey),
  leecher: fc.string({ minLength: 1 }),
  amChoking: fc.boolean(),
  peerInterested: fc.boolean(),
  uploadOnly: fc.boolean(),
  uploadBytesPerSecond: fc.nat(),
  sentBytes: fc.maxSafeNat(),
  turnBytes: fc.maxSafeNat(),
  haveBytes: fc.maxSafeNat(),
  connectedAtMs: past,
  unchokedAtMs: fc.option(past),
});

const anyReason: fc.Arbitrary<Because> = fc.oneof(
  fc.constantFrom<Because>({ rule: "lot" }, { rule: "gateway-full" }),
  past.map((sinceMs): Because => ({ rule: "turn", sinceMs })),
  fc.nat(3).map((slots): Because => ({ rule: "outranked", slots })),
  fc.constant<Because>({ rule: "served-elsewhere", gateway: "g2" }),
);

const anyDecision: fc.Arbitrary<UnchokeDecision> = fc
  .record({
    peerKey: fc.string({ minLength: 1 }).map(peerKey),
    decision: fc.constantFrom<Unchoke[]>("regular", "optimistic", "ready", "choked"),
    rank: fc.option(fc.integer({ min: 1 })),
    because: anyReason,
  })
  .map((decision) => ({ ...decision }));

test("unpackRoundPeers() gives the peers that were packed, by the other's clock", () => {
  const ahead = OTHER_NOW_MS - NOW_MS;
  fc.assert(
    fc.property(fc.array(anyPeer), (peers) => {
      const packed = packRoundPeers(peers, NOW_MS);
      const expected = peers.map((peer) => ({
        ...peer,
        peerKey: `g1 ${peer.peerKey}`,
        gateway: "g1",
        connectedAtMs: peer.connectedAtMs + ahead,
        unchokedAtMs: peer.unchokedAtMs === null ? null : peer.unchokedAtMs + ahead,
      }));
      deepEqual(unpackRoundPeers(packed, "g1", OTHER_NOW_MS), expected);
    }),
  );
});

test("unpackDecisions() gives the decisions that were packed, and says a reason once", () => {
  fc.assert(
    fc.property(fc.array(anyDecision), (decisions) => {
      const packed = packDecisions(decisions, NOW_MS);
      const keys = decisions.map((each) => each.peerKey);
      deepEqual(unpackDecisions(packed, keys, NOW_MS), decisions);
      equal(
        new Set(packed.reasons.map((each) => JSON.stringify(each))).size,
        packed.reasons.length,
      );
    }),
  );
});

test("unpackDecisions() given decisions about other peers gives none", () => {
  const decision = { decision: "choked", rank: null, because: { rule: "lot" } } as const;
  equal(unpackDecisions(packDecisions([decision], NOW_MS), [], NOW_MS), null);
});
