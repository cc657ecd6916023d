/** Our key of one connection of one gateway; unique in a swarm and never reused. */
export type PeerKey = string & { readonly __brand: "PeerKey" };

export function peerKey(key: string): PeerKey {
  return key as PeerKey;
}

/** What the choker knows of a peer at one moment. */
export type PeerSnapshot = {
  readonly peerKey: PeerKey;
  readonly amChoking: boolean;
  readonly peerInterested: boolean;
  /** What we sent it, as an average over the last 20 s. */
  readonly uploadBytesPerSecond: number;
  readonly connectedAtMs: number;
  /** When it last got an unchoke slot; null if never. */
  readonly unchokedAtMs: number | null;
};

/** BEP 3: "unchoking is done every ten seconds". */
export const CHOKE_ROUND_INTERVAL_MS = 10_000;

/** BEP 3's constants: four slots, of which one is optimistic and moves every 30 s. */
export const BEP3_UNCHOKE_SLOTS = 4;
export const OPTIMISTIC_UNCHOKE_INTERVAL_MS = 30_000;
