import {
  initialLeechState,
  initialSeedState,
  type LeechPeer,
  type LeechRound,
  leechRound,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  seedRound,
  settleLeech,
  settleSlots,
} from "@seedfleet/choker";
import type { Decider } from "./decider.ts";
import { seedPeers } from "./seed-peers.ts";
import type { SimulatedSwarm } from "./simulated-swarm.ts";

function slotsConfig({ plan }: SimulatedSwarm) {
  const optimisticUnchokeIntervalMs = OPTIMISTIC_UNCHOKE_INTERVAL_MS;
  return { unchokeSlots: plan.leecherSlots, optimisticUnchokeIntervalMs };
}

/** An honest leecher: tit for tat, and after its download a seed, should it stay. */
export function leecher(swarm: SimulatedSwarm, node: number): Decider {
  let state = initialLeechState(swarm.rng.below(2 ** 32));
  const config = slotsConfig(swarm);
  const seeding = seedingLeecher(swarm, node);
  // Who comes in its place knows nothing of what was before.
  swarm.listeners.push({
    came: (who) => {
      if (who === node) state = initialLeechState(swarm.rng.below(2 ** 32));
    },
  });
  const apply = (round: LeechRound): void => {
    state = round.state;
    for (const { peerKey, decision } of round.decisions) {
      swarm.setUnchoked(node, swarm.nodeOf(peerKey), decision !== "choked");
    }
  };
  return {
    nodes: [node],
    round: (nowMs) => {
      if (swarm.doneAtMs[node] !== null) return seeding.round(nowMs);
      apply(leechRound(state, leechPeers(swarm, node), config, nowMs));
    },
    settle: (nowMs) => {
      if (swarm.doneAtMs[node] !== null) return seeding.settle(nowMs);
      if (state.ready.length === 0 && isSettled(swarm, node)) return;
      apply(settleLeech(state, leechPeers(swarm, node), config, nowMs));
    },
  };
}

/** As clients seed by default: whom they upload to fastest. */
function seedingLeecher(swarm: SimulatedSwarm, node: number): Decider {
  const { pieceCount, pieceLengthBytes } = swarm.plan;
  const torrent = { pieceLengthBytes, contentBytes: pieceCount * pieceLengthBytes };
  const config = { ...slotsConfig(swarm), policy: "fastest_upload", torrent } as const;
  let state = initialSeedState(1);
  return {
    nodes: [node],
    round: (nowMs) => {
      const round = seedRound(state, seedPeers(swarm, node), config, nowMs);
      state = round.state;
      for (const { peerKey, decision } of round.decisions) {
        swarm.setUnchoked(node, swarm.nodeOf(peerKey), decision !== "choked");
      }
    },
    settle: () => {
      for (const each of settleSlots(seedPeers(swarm, node), config.unchokeSlots)) {
        swarm.setUnchoked(node, swarm.nodeOf(each.peerKey), each.decision !== "choked");
      }
    },
  };
}

/** Every slot is held, by somebody who wants something: only the next round changes that. */
function isSettled({ links, nodeCount, plan }: SimulatedSwarm, node: number): boolean {
  let holders = 0;
  for (let other = 0; other < nodeCount; other += 1) {
    const link = links.of(node, other);
    if (links.unchoked[link] === 0) continue;
    if (links.interested[link] === 0) return false;
    holders += 1;
  }
  return holders >= plan.leecherSlots;
}

/** The peers of a leecher as it sees them; gateways are upload-only. */
export function leechPeers(swarm: SimulatedSwarm, node: number): readonly LeechPeer[] {
  const { links } = swarm;
  return swarm.peersOf(node).map((other): LeechPeer => {
    const [out, into] = [links.of(node, other), links.of(other, node)];
    const unchokedUs = links.unchoked[into] === 1;
    return {
      peerKey: swarm.keyOf(node, other),
      amChoking: links.unchoked[out] === 0,
      peerInterested: links.interested[out] === 1,
      uploadBytesPerSecond: links.sentRate(out),
      connectedAtMs: links.connectedAtMs[out] ?? 0,
      unchokedAtMs: finite(links.unchokedAtMs[out]),
      uploadOnly: swarm.doneAtMs[other] !== null,
      downloadBytesPerSecond: links.receivedRate(into),
      amInterested: links.interested[into] === 1,
      unchokedUsAtMs: unchokedUs ? finite(links.unchokedAtMs[into]) : null,
      pieceAtMs: finite(links.sentAtMs[into]),
    };
  });
}

function finite(ms: number | undefined): number | null {
  return ms === undefined || ms === Number.NEGATIVE_INFINITY ? null : ms;
}
