import type { SeedPeer } from "@seedfleet/choker";
import type { Rng } from "@seedfleet/runtime";

export const ROUND_MS = 10_000;

export const TORRENT = { pieceLengthBytes: 262_144, contentBytes: 1_000_000_000 } as const;

/** All want something: who does not costs less. */
export function aPeer(rng: Rng, isUnchoked: boolean): Omit<SeedPeer, "peerKey"> {
  const sentBytes = rng.below(TORRENT.contentBytes);
  return {
    ...{ amChoking: !isUnchoked, peerInterested: true, uploadOnly: false, sentBytes },
    uploadBytesPerSecond: isUnchoked ? rng.below(1_000_000) : 0,
    connectedAtMs: rng.below(ROUND_MS),
    unchokedAtMs: isUnchoked || rng.below(2) === 0 ? rng.below(ROUND_MS) : null,
    turnBytes: isUnchoked ? rng.below(20_000_000) : 0,
    haveBytes: sentBytes,
  };
}
