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

export type ChokerConfig = {
  /** Slots of one swarm, the optimistic one among them; `auto` follows the upload rates. */
  readonly unchokeSlots: number | "auto";
  readonly optimisticUnchokeIntervalMs: number;
};

/** What one round remembers for the next. */
export type ChokerState = {
  readonly optimistic: PeerKey | null;
  readonly optimisticSinceMs: number;
  /** How many slots the last round gave out at most. */
  readonly unchokeSlots: number;
};

/** Why a peer holds a slot, or why not. */
export type ChokeReason = "rate" | "optimistic" | "free-slot" | "outranked" | "not-interested";

export type ChokeDecision = {
  readonly peerKey: PeerKey;
  readonly unchoked: boolean;
  readonly reason: ChokeReason;
};

export type ChokeRound = {
  readonly state: ChokerState;
  /** One for every peer of the snapshot. */
  readonly decisions: readonly ChokeDecision[];
};

/** BEP 3: "unchoking is done every ten seconds". */
export const CHOKE_ROUND_INTERVAL_MS = 10_000;

/** BEP 3's constants: four slots, of which one is optimistic and moves every 30 s. */
export const BEP3_UNCHOKE_SLOTS = 4;
export const OPTIMISTIC_UNCHOKE_INTERVAL_MS = 30_000;

export function initialChokerState(config: ChokerConfig): ChokerState {
  return {
    optimistic: null,
    optimisticSinceMs: Number.NEGATIVE_INFINITY,
    unchokeSlots: config.unchokeSlots === "auto" ? BEP3_UNCHOKE_SLOTS : config.unchokeSlots,
  };
}
