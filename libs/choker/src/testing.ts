import { type PeerSnapshot, peerKey } from "./choker-model.ts";
import type { LeechPeer } from "./leech-round.ts";
import type { SeedPeer } from "./unchoke-model.ts";

/** A choked, interested peer that connected at 0, unless told otherwise. */
export function givenPeer(
  key: string,
  differing: Partial<Omit<PeerSnapshot, "peerKey">> = {},
): PeerSnapshot {
  return {
    peerKey: peerKey(key),
    amChoking: true,
    peerInterested: true,
    uploadBytesPerSecond: 0,
    connectedAtMs: 0,
    unchokedAtMs: null,
    ...differing,
  };
}

/** The same as the policies of a seed see it: it has nothing, and was sent nothing. */
export function givenSeedPeer(
  key: string,
  differing: Partial<Omit<SeedPeer, "peerKey">> = {},
): SeedPeer {
  const none = { uploadOnly: false, sentBytes: 0, turnBytes: 0, haveBytes: 0 };
  return { ...givenPeer(key), ...none, ...differing };
}

/** The same as tit for tat sees it: it has what we want, and chokes us. */
export function givenLeechPeer(
  key: string,
  differing: Partial<Omit<LeechPeer, "peerKey">> = {},
): LeechPeer {
  return {
    ...{ ...givenPeer(key), uploadOnly: false, downloadBytesPerSecond: 0, amInterested: true },
    ...{ unchokedUsAtMs: null, pieceAtMs: null, ...differing },
  };
}
