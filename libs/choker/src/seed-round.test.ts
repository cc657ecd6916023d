import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SeedPolicy } from "./seed-order.ts";
import { initialSeedState, seedRound } from "./seed-round.ts";
import { givenSeedPeer } from "./testing.ts";

const torrent = { pieceLengthBytes: 10, contentBytes: 1_000 };
const config = { unchokeSlots: 3, optimisticUnchokeIntervalMs: 30_000, torrent };
const holding = (differing = {}) => ({ amChoking: false, unchokedAtMs: 0, ...differing });

const cases = [
  {
    given: "a turn of a minute and twenty pieces",
    policy: "round_robin",
    peers: [
      givenSeedPeer("had", holding({ turnBytes: 201 })),
      givenSeedPeer("few", holding({ turnBytes: 200 })),
      givenSeedPeer("short", holding({ unchokedAtMs: 50_000, turnBytes: 999 })),
      givenSeedPeer("waits"),
    ],
    then: ["had choked 4", "few regular 1", "short regular 2", "waits optimistic 3"],
  },
  {
    given: "peers at the start, in the middle and at the end",
    policy: "anti_leech",
    peers: [
      givenSeedPeer("middle", { haveBytes: 500 }),
      givenSeedPeer("end", { haveBytes: 990 }),
      givenSeedPeer("start", { haveBytes: 0 }),
      givenSeedPeer("hides", { haveBytes: null, sentBytes: 900 }),
    ],
    then: ["middle choked 4", "end regular 2", "start regular 1", "hides optimistic 3"],
  },
  {
    given: "a peer that only uploads and one that wants nothing",
    policy: "legout",
    peers: [
      givenSeedPeer("partial", holding({ uploadOnly: true })),
      givenSeedPeer("bored", holding({ peerInterested: false })),
      givenSeedPeer("waits"),
    ],
    then: ["partial choked null", "bored choked null", "waits optimistic 1"],
  },
] as const;

for (const { given, policy, peers, then } of cases) {
  test(`seedRound() by ${policy} given ${given}`, () => {
    const { decisions } = seedRound(initialSeedState(1), peers, { ...config, policy }, 100_000);
    deepEqual(
      decisions.map(({ peerKey, decision, rank }) => `${peerKey} ${decision} ${rank}`),
      then,
    );
  });
}

const anyPeer = fc.record({
  amChoking: fc.boolean(),
  peerInterested: fc.boolean(),
  uploadOnly: fc.boolean(),
  unchokedAtMs: fc.option(fc.nat(3)),
  turnBytes: fc.nat(400),
  haveBytes: fc.option(fc.nat(1_000)),
});

const anyPolicy = fc.constantFrom<SeedPolicy[]>(
  ...(["round_robin", "fastest_upload", "anti_leech", "legout"] as const),
);

test("seedRound() fills every slot by every policy, only with those that want one", () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.array(anyPeer, { maxLength: 12 }),
      fc.integer({ min: 1, max: 8 }),
      (policy, all, unchokeSlots) => {
        const peers = all.map((peer, at) => givenSeedPeer(`peer-${at}`, peer));
        const given = { ...config, policy, unchokeSlots };
        const { decisions } = seedRound(initialSeedState(1), peers, given, 100_000);
        const wanting = peers.filter((peer) => peer.peerInterested && !peer.uploadOnly);
        const unchoked = decisions.filter(({ decision }) => decision !== "choked");
        equal(unchoked.length, Math.min(unchokeSlots, wanting.length));
        equal(decisions.length, peers.length);
        const reversed = seedRound(initialSeedState(1), peers.toReversed(), given, 100_000);
        deepEqual(reversed.decisions.toReversed(), decisions);
      },
    ),
  );
});
