import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { initialSeedState, seedRound } from "./index.ts";
import { givenSeedPeer } from "./testing.ts";

test("the example of README.md holds", () => {
  const [chance, nowMs] = [7, 100_000];
  const peers = [givenSeedPeer("a"), givenSeedPeer("b")];
  const torrent = { pieceLengthBytes: 262_144, contentBytes: 1_000_000_000 };
  const timing = { optimisticUnchokeIntervalMs: 30_000 };
  const config = { policy: "round_robin", unchokeSlots: 1, torrent, ...timing } as const;
  const round = seedRound(initialSeedState(chance), peers, config, nowMs);
  deepEqual(
    round.decisions.map(({ peerKey, decision, rank, because }) => {
      return [peerKey, decision, rank, because.rule];
    }),
    [
      ["a", "optimistic", 1, "turn"],
      ["b", "choked", 2, "outranked"],
    ],
  );
});
