import { ok } from "node:assert/strict";
import { test } from "node:test";
import { CHOKE_ROUND_INTERVAL_MS, OPTIMISTIC_UNCHOKE_INTERVAL_MS } from "./choker-model.ts";
import type { SeedPolicy } from "./seed-order.ts";
import { initialSeedState, seedRound } from "./seed-round.ts";
import { givenPeer } from "./testing.ts";
import type { SeedPeer } from "./unchoke-model.ts";

const SEED = 7;
const MIB = 1024 * 1024;
const POLICIES = ["round_robin", "fastest_upload", "anti_leech", "legout"] as const;
const UPLINK_BYTES_PER_SECOND = 8 * MIB;

type Simulated = SeedPeer & { heldMs: number; waitedMs: number; longestWaitMs: number };
type Demand = { readonly peers: number; readonly slots: number; readonly seconds: number };

/**
 * A seed whose uplink its slots share alike, a second at a time. Whoever is unchoked has nothing
 * for the first second: its requests must come. A peer that is done begins anew.
 */
function simulate(policy: SeedPolicy, { peers: count, slots, seconds }: Demand) {
  const torrent = { pieceLengthBytes: MIB / 4, contentBytes: 1_024 * MIB };
  const timing = { optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS };
  const config = { policy, unchokeSlots: slots, torrent, ...timing };
  const none = { uploadOnly: false, sentBytes: 0, turnBytes: 0, haveBytes: 0 };
  const held = { heldMs: 0, waitedMs: 0, longestWaitMs: 0 };
  let peers = Array.from({ length: count }, (_, at): Simulated => {
    return { ...givenPeer(`peer-${at}`), ...none, ...held };
  });
  let state = initialSeedState(SEED);
  let sentBytes = 0;
  for (let nowMs = 0; nowMs < seconds * 1_000; nowMs += CHOKE_ROUND_INTERVAL_MS) {
    const round = seedRound(state, peers, config, nowMs);
    state = round.state;
    const holders = round.decisions.filter(({ decision }) => decision !== "choked").length;
    peers = peers.map((peer, at) => {
      if (round.decisions[at]?.decision === "choked") {
        const waitedMs = peer.waitedMs + CHOKE_ROUND_INTERVAL_MS;
        const longestWaitMs = Math.max(peer.longestWaitMs, waitedMs);
        return { ...peer, amChoking: true, uploadBytesPerSecond: 0, waitedMs, longestWaitMs };
      }
      const enters = peer.amChoking;
      const bytes = (UPLINK_BYTES_PER_SECOND / holders) * (enters ? 9 : 10);
      sentBytes += bytes;
      const haveBytes = ((peer.haveBytes ?? 0) + bytes) % torrent.contentBytes;
      return {
        ...{ ...peer, amChoking: false, uploadBytesPerSecond: bytes / 10, waitedMs: 0 },
        ...{ unchokedAtMs: enters ? nowMs : peer.unchokedAtMs, haveBytes },
        ...{ turnBytes: (enters ? 0 : peer.turnBytes) + bytes, sentBytes: haveBytes },
        heldMs: peer.heldMs + CHOKE_ROUND_INTERVAL_MS,
      };
    });
  }
  return { peers, uplinkUse: sentBytes / (UPLINK_BYTES_PER_SECOND * seconds) };
}

// libtorrent's measure: 20 equal peers and one slot for half an hour, so ninety seconds each.
test("round_robin gives twenty peers of one slot the same time to within 1.5 s", () => {
  for (const { heldMs } of simulate("round_robin", { peers: 20, slots: 1, seconds: 1_800 }).peers) {
    ok(Math.abs(heldMs - 90_000) <= 1_500, `a peer held the slot for ${heldMs} ms`);
  }
});

for (const policy of POLICIES) {
  test(`${policy} uses 95 % of the uplink and starves nobody, seed ${SEED}`, () => {
    const { peers, uplinkUse } = simulate(policy, { peers: 30, slots: 8, seconds: 3_600 });
    ok(uplinkUse >= 0.95, `${uplinkUse} of the uplink was used`);
    const waitMs = Math.max(...peers.map(({ longestWaitMs }) => longestWaitMs));
    // The optimistic slot alone comes round to each of thirty within 30 × 30 s.
    ok(waitMs <= 30 * OPTIMISTIC_UNCHOKE_INTERVAL_MS, `a peer waited ${waitMs} ms`);
  });
}
