import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { settleSlots } from "./settle-slots.ts";
import { givenSeedPeer as givenPeer } from "./testing.ts";

const holding = { amChoking: false };
const cases = [
  {
    given: "a free slot and two that want it",
    peers: [givenPeer("new", { connectedAtMs: 9 }), givenPeer("old"), givenPeer("a", holding)],
    then: ["old regular free-slot"],
  },
  {
    given: "a holder that lost interest",
    peers: [givenPeer("a", { ...holding, peerInterested: false }), givenPeer("b", holding)],
    then: ["a choked not-interested"],
  },
  {
    given: "a free slot that only one who uploads alone wants",
    peers: [givenPeer("a", holding), givenPeer("b", { uploadOnly: true })],
    then: [],
  },
  {
    given: "no free slot",
    peers: [givenPeer("a", holding), givenPeer("b", holding), givenPeer("c")],
    then: [],
  },
  {
    given: "more holders than slots",
    peers: ["a", "b", "c"].map((key) => givenPeer(key, holding)).concat(givenPeer("d")),
    then: [],
  },
];

for (const { given, peers, then } of cases) {
  test(`settleSlots() given ${given}`, () => {
    const decided = settleSlots(peers, 2).map(({ peerKey, decision, because }) => {
      return `${peerKey} ${decision} ${because.rule}`;
    });
    deepEqual(decided, then);
  });
}
