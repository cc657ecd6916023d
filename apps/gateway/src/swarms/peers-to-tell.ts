import { PEERS_PER_ROUND_MAX } from "@seedfleet/contracts";
import type { RoundPeer } from "@seedfleet/fleet";

/**
 * The peers that a scheduler is told of: those that hold a slot or want one, and of a crowd those
 * that have waited longest. Whoever it is not told of stays choked, and its turn comes.
 */
export function peersToTell(peers: readonly RoundPeer[]): readonly RoundPeer[] {
  const wanting = peers.filter((peer) => !peer.amChoking || peer.peerInterested);
  if (wanting.length <= PEERS_PER_ROUND_MAX) return wanting;
  return wanting.toSorted(holdersThenLongestWait).slice(0, PEERS_PER_ROUND_MAX);
}

function holdersThenLongestWait(a: RoundPeer, b: RoundPeer): number {
  return (
    Number(a.amChoking) - Number(b.amChoking) ||
    (a.unchokedAtMs ?? a.connectedAtMs) - (b.unchokedAtMs ?? b.connectedAtMs)
  );
}
