import assert from "node:assert/strict";
import { draw } from "./chance.ts";
import type { PeerKey } from "./choker-model.ts";
import { byLongestWait } from "./order.ts";
import { type SeedPolicy, seedOrder, type TorrentSize } from "./seed-order.ts";
import {
  type Because,
  type OptimisticTurn,
  optimisticSlots,
  type SeedPeer,
  type UnchokeDecision,
} from "./unchoke-model.ts";

export type SeedConfig = {
  readonly policy: SeedPolicy;
  /** The optimistic ones among them. */
  readonly unchokeSlots: number;
  readonly optimisticUnchokeIntervalMs: number;
  readonly torrent: TorrentSize;
};

/** What a round remembers for the next; `chance` is where random numbers come from. */
export type SeedState = {
  readonly optimistic: readonly OptimisticTurn[];
  readonly round: number;
  readonly chance: number;
};

export type SeedRound = {
  readonly state: SeedState;
  /** One for every peer of the snapshot. */
  readonly decisions: readonly UnchokeDecision[];
};

type Chosen = {
  readonly state: SeedState;
  readonly order: readonly SeedPeer[];
  readonly unchoked: ReadonlyMap<PeerKey, Pick<UnchokeDecision, "decision" | "because">>;
};

/** Of so many slots Legout's rounds draw one by lot. */
const SLOTS_PER_LOT = 4;

/** Whoever had no slot for so long comes before the lot: chance alone lets some wait for ever. */
const OVERDUE_MS = 600_000;

const FREE_SLOT: Because = { rule: "free-slot" };
const BY_LOT: Because = { rule: "lot" };
const NOT_INTERESTED: Because = { rule: "not-interested" };
const UPLOAD_ONLY: Because = { rule: "upload-only" };

export function initialSeedState(chance: number): SeedState {
  return { optimistic: [], round: 0, chance };
}

/**
 * Decides one choke round of a seed by a policy of its choice. A seed has nothing to reciprocate:
 * the policies differ in whom they favour. A peer that only uploads (BEP 21) gets no slot; every
 * other slot is filled while somebody wants it.
 */
export function seedRound(
  state: SeedState,
  peers: readonly SeedPeer[],
  config: SeedConfig,
  nowMs: number,
): SeedRound {
  assert(config.unchokeSlots >= 1);
  const wanting = peers.filter((peer) => peer.peerInterested && !peer.uploadOnly);
  const chosen =
    config.policy === "legout"
      ? legoutRound(state, wanting, config.unchokeSlots, nowMs)
      : orderedRound(state, wanting, { ...config, policy: config.policy }, nowMs);
  const ranks = new Map(chosen.order.map(({ peerKey }, at) => [peerKey, at + 1]));
  const outranked: Because = { rule: "outranked", slots: config.unchokeSlots };
  return {
    state: chosen.state,
    decisions: peers.map(({ peerKey, peerInterested, uploadOnly }) => {
      const rank = ranks.get(peerKey) ?? null;
      const unchoked = chosen.unchoked.get(peerKey);
      if (unchoked !== undefined) return { peerKey, rank, ...unchoked };
      const because = peerInterested ? (uploadOnly ? UPLOAD_ONLY : outranked) : NOT_INTERESTED;
      return { peerKey, decision: "choked", rank, because };
    }),
  };
}

function orderedRound(
  state: SeedState,
  wanting: readonly SeedPeer[],
  config: SeedConfig & { readonly policy: Exclude<SeedPolicy, "legout"> },
  nowMs: number,
): Chosen {
  const slots = config.unchokeSlots;
  const forOptimistic = optimisticSlots(slots);
  const byKey = new Map(wanting.map((peer) => [peer.peerKey, peer]));
  const stays = state.optimistic
    .filter(({ peerKey, sinceMs }) => {
      const isYoung = nowMs - sinceMs < config.optimisticUnchokeIntervalMs;
      return isYoung && byKey.get(peerKey)?.amChoking === false;
    })
    .slice(0, forOptimistic);
  const staying = new Set(stays.map(({ peerKey }) => peerKey));
  const order = wanting.toSorted(seedOrder(config.policy, config.torrent, nowMs));
  const onlyHolders = config.policy === "fastest_upload";
  const rivals = order.filter(({ peerKey }) => !staying.has(peerKey));
  const regular = rivals
    .filter(({ amChoking }) => !onlyHolders || !amChoking)
    .slice(0, slots - forOptimistic);
  const ranked = new Set(regular);
  const waiting = rivals.filter((peer) => !ranked.has(peer)).toSorted(byLongestWait);
  const begun = waiting
    .splice(0, forOptimistic - stays.length)
    .map(({ peerKey }) => ({ peerKey, sinceMs: nowMs }));
  const optimistic = [...stays, ...begun];

  const unchoked = new Map<PeerKey, Pick<UnchokeDecision, "decision" | "because">>();
  const byRank: Because = { rule: "ranked", slots };
  for (const { peerKey } of regular) {
    unchoked.set(peerKey, { decision: "regular", because: byRank });
  }
  for (const { peerKey, sinceMs } of optimistic) {
    unchoked.set(peerKey, { decision: "optimistic", because: { rule: "turn", sinceMs } });
  }
  for (const { peerKey } of waiting.slice(0, slots - unchoked.size)) {
    unchoked.set(peerKey, { decision: "regular", because: FREE_SLOT });
  }
  return { state: { ...state, optimistic, round: state.round + 1 }, order, unchoked };
}

/**
 * Legout's rounds (mainline since 4.0): who got a slot last keeps it longest. Of four slots three
 * are kept and one is drawn by lot, and each third round all four are kept, so every peer is served
 * for the same time, however fast it takes.
 */
function legoutRound(
  state: SeedState,
  wanting: readonly SeedPeer[],
  slots: number,
  nowMs: number,
): Chosen {
  const keepsAll = state.round % 3 === 2;
  const lots = keepsAll ? 0 : Math.max(1, Math.round(slots / SLOTS_PER_LOT));
  const holders = wanting.filter(({ amChoking }) => !amChoking).toSorted(byLastUnchoke);
  const choked = wanting.filter(({ amChoking }) => amChoking).toSorted(byLongestWait);
  const kept = holders.slice(0, Math.max(0, slots - Math.min(lots, choked.length)));
  const unchoked = new Map<PeerKey, Pick<UnchokeDecision, "decision" | "because">>();
  const byRank: Because = { rule: "ranked", slots };
  for (const { peerKey } of kept) unchoked.set(peerKey, { decision: "regular", because: byRank });
  let { chance } = state;
  const order = [...holders, ...choked];
  while (unchoked.size < slots && choked.length > 0) {
    const drawn = draw(chance, choked.length);
    chance = drawn.chance;
    const [lucky] = choked.splice(isOverdue(choked[0], nowMs) ? 0 : drawn.value, 1);
    if (lucky === undefined) break;
    unchoked.set(lucky.peerKey, { decision: "optimistic", because: BY_LOT });
  }
  return { state: { optimistic: [], round: state.round + 1, chance }, order, unchoked };
}

function isOverdue(peer: SeedPeer | undefined, nowMs: number): boolean {
  return peer !== undefined && nowMs - (peer.unchokedAtMs ?? peer.connectedAtMs) > OVERDUE_MS;
}

function byLastUnchoke(a: SeedPeer, b: SeedPeer): number {
  return (b.unchokedAtMs ?? 0) - (a.unchokedAtMs ?? 0) || (a.peerKey < b.peerKey ? -1 : 1);
}
