import type { PeerSnapshot } from "./choker-model.ts";

/**
 * The fastest first. On a tie whoever holds a slot keeps it, so that equal peers are not choked
 * and unchoked in turn (fibrillation); then the key, so that the order is total.
 */
export function byUploadRate(a: PeerSnapshot, b: PeerSnapshot): number {
  return (
    b.uploadBytesPerSecond - a.uploadBytesPerSecond ||
    Number(a.amChoking) - Number(b.amChoking) ||
    byKey(a, b)
  );
}

/**
 * Whoever waits longest first: since it last got a slot, or since it connected. Whoever holds a
 * slot does not wait and comes last; without that, one peer could hold its slot for ever.
 */
export function byLongestWait(a: PeerSnapshot, b: PeerSnapshot): number {
  return (
    Number(b.amChoking) - Number(a.amChoking) ||
    waitingSinceMs(a) - waitingSinceMs(b) ||
    Number(a.unchokedAtMs !== null) - Number(b.unchokedAtMs !== null) ||
    byKey(a, b)
  );
}

function waitingSinceMs(peer: PeerSnapshot): number {
  return peer.unchokedAtMs ?? peer.connectedAtMs;
}

function byKey(a: PeerSnapshot, b: PeerSnapshot): number {
  return a.peerKey < b.peerKey ? -1 : 1;
}
