import assert from "node:assert/strict";
import type {
  ChokeDecision,
  ChokeRound,
  ChokerConfig,
  ChokerState,
  PeerSnapshot,
} from "./choker-model.ts";
import { byLongestWait, byUploadRate } from "./order.ts";
import { unchokeSlots } from "./unchoke-slots.ts";

/**
 * Decides one choke round of a seed: which interested peers hold an unchoke slot (BEP 3).
 *
 * A seed has nothing to reciprocate, so slots go to the peers it uploads to fastest. One slot is
 * the optimistic unchoke; every 30 s it moves to whoever has waited longest, so that no peer
 * starves. It belongs to the slots, it is not one more. Slots nobody else wants go to those who
 * wait longest.
 */
export function chokeRound(
  state: ChokerState,
  peers: readonly PeerSnapshot[],
  config: ChokerConfig,
  nowMs: number,
): ChokeRound {
  const slots = unchokeSlots(config, state, peers);
  assert(slots >= 1);
  const wanting = peers.filter((peer) => peer.peerInterested);
  const held = wanting.find((peer) => peer.peerKey === state.optimistic);
  const stays = held !== undefined && nowMs - state.optimisticSinceMs < optimisticMs(config);

  const rivals = wanting.filter((peer) => !stays || peer !== held).toSorted(byUploadRate);
  const served = rivals.filter((peer) => !peer.amChoking).slice(0, slots - 1);
  const waiting = rivals.filter((peer) => !served.includes(peer)).toSorted(byLongestWait);
  const optimistic = stays ? held : waiting.shift();
  const free = waiting.slice(0, slots - served.length - (optimistic === undefined ? 0 : 1));

  const reasons = new Map<PeerSnapshot, ChokeDecision["reason"]>();
  for (const peer of served) reasons.set(peer, "rate");
  for (const peer of free) reasons.set(peer, "free-slot");
  if (optimistic !== undefined) reasons.set(optimistic, "optimistic");
  return {
    state: {
      optimistic: optimistic?.peerKey ?? null,
      optimisticSinceMs: stays ? state.optimisticSinceMs : nowMs,
      unchokeSlots: slots,
    },
    decisions: peers.map((peer) => decide(peer, reasons.get(peer))),
  };
}

function decide(peer: PeerSnapshot, reason: ChokeDecision["reason"] | undefined): ChokeDecision {
  if (reason !== undefined) return { peerKey: peer.peerKey, unchoked: true, reason };
  const why = peer.peerInterested ? "outranked" : "not-interested";
  return { peerKey: peer.peerKey, unchoked: false, reason: why };
}

function optimisticMs(config: ChokerConfig): number {
  return config.optimisticUnchokeIntervalMs;
}
