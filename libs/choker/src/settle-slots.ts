import type { ChokeDecision, PeerSnapshot } from "./choker-model.ts";
import { byLongestWait } from "./order.ts";

/**
 * What changes at once, between two rounds: a peer that lost interest gives its slot up, and free
 * slots go to the interested peers that have waited longest. Nobody is choked for another's sake,
 * that is the round's to decide. Gives only the peers whose state changes.
 */
export function settleSlots(peers: readonly PeerSnapshot[], slots: number): ChokeDecision[] {
  const leaving = peers.filter((peer) => !peer.amChoking && !peer.peerInterested);
  const holding = peers.filter((peer) => !peer.amChoking && peer.peerInterested);
  const entering = peers
    .filter((peer) => peer.amChoking && peer.peerInterested)
    .toSorted(byLongestWait)
    .slice(0, Math.max(0, slots - holding.length));
  return [
    ...leaving.map(
      ({ peerKey }): ChokeDecision => ({ peerKey, unchoked: false, reason: "not-interested" }),
    ),
    ...entering.map(
      ({ peerKey }): ChokeDecision => ({ peerKey, unchoked: true, reason: "free-slot" }),
    ),
  ];
}
