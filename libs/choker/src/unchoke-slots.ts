import { BEP3_UNCHOKE_SLOTS, type PeerSnapshot } from "./choker-model.ts";

/** A peer that takes less than this is not worth a slot of its own (libtorrent's `rate_based`). */
const RATE_FLOOR_BYTES_PER_SECOND = 1_024;

/** Each further slot is earned by a higher rate, so slots stop growing before they are thin. */
const RATE_STEP_BYTES_PER_SECOND = 2_048;

/** At the step above, more slots would ask each peer for over 1 MB/s: nobody is slow by then. */
export const UNCHOKE_SLOTS_AUTO_MAX = 512;

/**
 * How many slots a swarm has now, where an uplink has no limit that it could be filled by.
 *
 * Counts the peers, fastest first, while each takes its growing minimum (1 KiB/s plus 2 KiB/s per
 * peer before it). One more than that may be unchoked; and when every one of the `lastSlots` was
 * worth it, the number doubles, so that a crowd of slow links fills a fast uplink within a few
 * rounds instead of one peer a round.
 */
export function autoSlots(lastSlots: number, peers: readonly PeerSnapshot[]): number {
  const rates = peers
    .filter((peer) => !peer.amChoking && peer.peerInterested)
    .map((peer) => peer.uploadBytesPerSecond)
    .toSorted((a, b) => b - a);
  const slow = rates.findIndex((rate, index) => rate < minimumRate(index));
  const earned = slow === -1 ? rates.length : slow;
  const wanted = earned >= lastSlots ? 2 * lastSlots : earned + 1;
  return Math.min(UNCHOKE_SLOTS_AUTO_MAX, Math.max(BEP3_UNCHOKE_SLOTS, wanted));
}

function minimumRate(index: number): number {
  return RATE_FLOOR_BYTES_PER_SECOND + RATE_STEP_BYTES_PER_SECOND * index;
}
