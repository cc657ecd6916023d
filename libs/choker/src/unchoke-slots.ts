import { BEP3_UNCHOKE_SLOTS, type PeerSnapshot } from "./choker-model.ts";
import { rateBasedSlots } from "./rate-based-slots.ts";

/**
 * At the steps of `rateBasedSlots`, more slots would ask each peer for over 1 MB/s: nobody is slow
 * by then.
 */
export const UNCHOKE_SLOTS_AUTO_MAX = 512;

/**
 * How many slots a swarm has now, where an uplink has no limit that it could be filled by.
 *
 * Counts the peers that are worth a slot, as `rateBasedSlots` does. One more than that may be
 * unchoked; and when every one of the `lastSlots` was worth it, the number doubles, so that a crowd
 * of slow links fills a fast uplink within a few rounds instead of one peer a round.
 */
export function autoSlots(lastSlots: number, peers: readonly PeerSnapshot[]): number {
  const served = peers.filter((peer) => !peer.amChoking && peer.peerInterested);
  const earned = rateBasedSlots(served.map((peer) => peer.uploadBytesPerSecond));
  const wanted = earned > lastSlots ? 2 * lastSlots : earned;
  return Math.min(UNCHOKE_SLOTS_AUTO_MAX, Math.max(BEP3_UNCHOKE_SLOTS, wanted));
}
