import {
  BEP3_UNCHOKE_SLOTS,
  type ChokerConfig,
  type ChokerState,
  type PeerSnapshot,
} from "./choker-model.ts";
import { rateBasedSlots } from "./rate-based-slots.ts";

/**
 * At the steps of `rateBasedSlots`, more slots would ask each peer for over 1 MB/s: nobody is slow
 * by then.
 */
export const UNCHOKE_SLOTS_AUTO_MAX = 512;

/**
 * How many slots a swarm has now.
 *
 * `auto` counts the peers that are worth a slot, as `rateBasedSlots` does. One more than that may
 * be unchoked; and when every slot given out was worth it, the number doubles, so that a crowd of
 * slow links fills a fast uplink within a few rounds instead of one peer a round.
 */
export function unchokeSlots(
  config: ChokerConfig,
  state: ChokerState,
  peers: readonly PeerSnapshot[],
): number {
  if (config.unchokeSlots !== "auto") return config.unchokeSlots;
  const served = peers.filter((peer) => !peer.amChoking && peer.peerInterested);
  const earned = rateBasedSlots(served.map((peer) => peer.uploadBytesPerSecond));
  const allEarned = earned > state.unchokeSlots;
  const wanted = allEarned ? 2 * state.unchokeSlots : earned;
  return Math.min(UNCHOKE_SLOTS_AUTO_MAX, Math.max(BEP3_UNCHOKE_SLOTS, wanted));
}
