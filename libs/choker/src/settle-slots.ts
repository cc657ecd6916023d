import { byLongestWait } from "./order.ts";
import type { SeedPeer, UnchokeDecision } from "./unchoke-model.ts";

/** What of a peer decides whether it may have a slot that is free. */
export type SettlingPeer = Omit<SeedPeer, "sentBytes" | "turnBytes" | "haveBytes">;

/**
 * What changes at once, between two rounds: a peer that lost interest gives its slot up, and free
 * slots go to the interested peers that have waited longest. Nobody is choked for another's sake,
 * that is the round's to decide. Gives only the peers whose state changes.
 */
export function settleSlots(peers: readonly SettlingPeer[], slots: number): UnchokeDecision[] {
  const leaving = peers.filter((peer) => !peer.amChoking && !peer.peerInterested);
  const holding = peers.filter((peer) => !peer.amChoking && peer.peerInterested);
  const entering = peers
    .filter((peer) => peer.amChoking && peer.peerInterested && !peer.uploadOnly)
    .toSorted(byLongestWait)
    .slice(0, Math.max(0, slots - holding.length));
  return [
    ...leaving.map(({ peerKey }): UnchokeDecision => {
      return { peerKey, decision: "choked", rank: null, because: { rule: "not-interested" } };
    }),
    ...entering.map(({ peerKey }): UnchokeDecision => {
      return { peerKey, decision: "regular", rank: null, because: { rule: "free-slot" } };
    }),
  ];
}
