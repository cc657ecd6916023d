/** A peer that takes less than this is not worth a slot of its own. */
const RATE_FLOOR_BYTES_PER_SECOND = 1_024;

/** Each further slot is earned by a higher rate, so slots stop growing before they are thin. */
const RATE_STEP_BYTES_PER_SECOND = 2_048;

/**
 * How many slots a seed opens by what its peers take (libtorrent's `rate_based`): fastest first,
 * each peer is counted while it takes a minimum that grows with each one before it, 1 KiB/s and
 * 2 KiB/s more per peer. One more than that may be unchoked, to see whether it is as fast.
 *
 * `uploadBytesPerSecond` has the rate of each unchoked peer, in any order.
 */
export function rateBasedSlots(uploadBytesPerSecond: readonly number[]): number {
  const rates = uploadBytesPerSecond.toSorted((a, b) => b - a);
  const slow = rates.findIndex((rate, index) => rate < minimumRate(index));
  return 1 + (slow === -1 ? rates.length : slow);
}

function minimumRate(index: number): number {
  return RATE_FLOOR_BYTES_PER_SECOND + RATE_STEP_BYTES_PER_SECOND * index;
}
