import type { PeerKey, PeerSnapshot } from "./choker-model.ts";

/** What the policies of a seed know of a peer besides. */
export type SeedPeer = PeerSnapshot & {
  /** It wants nothing more, whatever it says of its interest (BEP 21). */
  readonly uploadOnly: boolean;
  /** What we sent it since it came. */
  readonly sentBytes: number;
  /** What we sent it since it last got a slot. */
  readonly turnBytes: number;
  /** What it says it has; null if it says nothing. */
  readonly haveBytes: number | null;
};

/** `ready` holds no slot: it wants nothing yet, and is served at once when it does. */
export type Unchoke = "regular" | "optimistic" | "ready" | "choked";

/** Why, with the figures that the snapshot does not have. */
export type Because =
  | { readonly rule: "not-interested" }
  | { readonly rule: "upload-only" }
  /** Among the first that the policy puts in order. */
  | { readonly rule: "ranked"; readonly slots: number }
  /** Its optimistic turn, since when. */
  | { readonly rule: "turn"; readonly sinceMs: number }
  /** Nobody else wanted the slot. */
  | { readonly rule: "free-slot" }
  /** Drawn by lot among those that wait. */
  | { readonly rule: "lot" }
  /** Gives more than the worst that holds a slot for what it gives. */
  | { readonly rule: "gives-more"; readonly thanBytesPerSecond: number }
  | { readonly rule: "snubbed" }
  | { readonly rule: "outranked"; readonly slots: number }
  /** The leecher holds its slot at another gateway, or none of its gateways has one left. */
  | { readonly rule: "served-elsewhere"; readonly gateway: string }
  | { readonly rule: "gateway-full" };

export type UnchokeDecision = {
  readonly peerKey: PeerKey;
  readonly decision: Unchoke;
  /** Its place in the policy's order, from 1; null if it is not in it. */
  readonly rank: number | null;
  readonly because: Because;
};

/** An optimistic unchoke, and since when. */
export type OptimisticTurn = { readonly peerKey: PeerKey; readonly sinceMs: number };

/** Of so many slots one is optimistic, but never none (libtorrent). */
const SLOTS_PER_OPTIMISTIC = 5;

export function optimisticSlots(slots: number): number {
  return Math.max(1, Math.floor(slots / SLOTS_PER_OPTIMISTIC));
}
