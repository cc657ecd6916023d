import assert from "node:assert/strict";
import { draw } from "./chance.ts";
import type { PeerKey, PeerSnapshot } from "./choker-model.ts";
import {
  type Because,
  type OptimisticTurn,
  optimisticSlots,
  type UnchokeDecision,
} from "./unchoke-model.ts";

/** What tit-for-tat knows of a peer besides. */
export type LeechPeer = PeerSnapshot & {
  readonly uploadOnly: boolean;
  /** What it sent us, as an average over the last 20 s. */
  readonly downloadBytesPerSecond: number;
  /** It has something that we want. */
  readonly amInterested: boolean;
  /** Since when it lets us download; null while it chokes us. */
  readonly unchokedUsAtMs: number | null;
  /** When its last piece came; null if never. */
  readonly pieceAtMs: number | null;
};

export type LeechConfig = {
  /** The optimistic ones among them. */
  readonly unchokeSlots: number;
  readonly optimisticUnchokeIntervalMs: number;
};

export type LeechState = {
  readonly optimistic: readonly OptimisticTurn[];
  /** Who is unchoked without a slot until it wants something. */
  readonly ready: readonly PeerKey[];
  /** Whose optimistic turn is next: everybody once, the first first. */
  readonly rotation: readonly PeerKey[];
  readonly chance: number;
};

export type LeechRound = {
  readonly state: LeechState;
  /** One for every peer of the snapshot. */
  readonly decisions: readonly UnchokeDecision[];
};

type Held = ReadonlyMap<PeerKey, Pick<UnchokeDecision, "decision" | "because">>;

/** BEP 3: snubbed is who lets us download and sent no piece for over a minute. */
export const SNUBBED_AFTER_MS = 60_000;

/** BEP 3: a new peer is so many times as likely to be next as to be anywhere else. */
const NEW_PEER_CHANCES = 3;

const NOT_INTERESTED: Because = { rule: "not-interested" };
const UPLOAD_ONLY: Because = { rule: "upload-only" };
const SNUBBED: Because = { rule: "snubbed" };

export function initialLeechState(chance: number): LeechState {
  return { optimistic: [], ready: [], rotation: [], chance };
}

export function isSnubbed(peer: LeechPeer, nowMs: number): boolean {
  if (!peer.amInterested || peer.unchokedUsAtMs === null) return false;
  const since = Math.max(peer.unchokedUsAtMs, peer.pieceAtMs ?? peer.unchokedUsAtMs);
  return nowMs - since > SNUBBED_AFTER_MS;
}

/**
 * Decides one choke round of a download: tit for tat (BEP 3).
 *
 * Regular slots go to those that give us most. Whoever gives nothing has earned none, so the slots
 * that are left are optimistic too: all of them at first, and more of them while we are snubbed.
 * Peers that want nothing yet and give more than the worst regular one are unchoked, without a
 * slot.
 */
export function leechRound(
  state: LeechState,
  peers: readonly LeechPeer[],
  config: LeechConfig,
  nowMs: number,
): LeechRound {
  const slots = config.unchokeSlots;
  assert(slots >= 1);
  const order = givers(peers, nowMs);
  const regularMax = slots - optimisticSlots(slots);
  const regular = order.filter(({ peerInterested }) => peerInterested).slice(0, regularMax);
  const held = new Map<PeerKey, Pick<UnchokeDecision, "decision" | "because">>();
  for (const { peerKey } of regular) {
    held.set(peerKey, { decision: "regular", because: { rule: "ranked", slots } });
  }
  const turned = turnOptimistic(state, peers, { ...config, held }, nowMs);
  for (const { peerKey, sinceMs } of turned.optimistic) {
    held.set(peerKey, { decision: "optimistic", because: { rule: "turn", sinceMs } });
  }
  const isFull = regular.length === regularMax;
  const ready: PeerKey[] = [];
  const thanBytesPerSecond = isFull ? (regular.at(-1)?.downloadBytesPerSecond ?? Infinity) : 0;
  for (const peer of order) {
    if (peer.peerInterested || peer.downloadBytesPerSecond <= thanBytesPerSecond) continue;
    const because = { rule: "gives-more", thanBytesPerSecond } as const;
    held.set(peer.peerKey, { decision: "ready", because });
    ready.push(peer.peerKey);
  }
  return { state: { ...turned, ready }, decisions: explain({ peers, order, held, slots }, nowMs) };
}

/** Who has earned a regular slot, the best first; on a tie whoever holds a slot keeps it. */
function givers(peers: readonly LeechPeer[], nowMs: number): readonly LeechPeer[] {
  return peers
    .filter((peer) => {
      return peer.downloadBytesPerSecond > 0 && !peer.uploadOnly && !isSnubbed(peer, nowMs);
    })
    .toSorted(
      (a, b) =>
        b.downloadBytesPerSecond - a.downloadBytesPerSecond ||
        Number(a.amChoking) - Number(b.amChoking) ||
        (a.peerKey < b.peerKey ? -1 : 1),
    );
}

/** Gives every slot that nobody earned to those whose turn it is. */
function turnOptimistic(
  state: LeechState,
  peers: readonly LeechPeer[],
  config: LeechConfig & { readonly held: Held },
  nowMs: number,
): LeechState {
  const { rotation, chance } = joinRotation(state, peers);
  const wanting = new Map(
    peers
      .filter(({ peerKey, peerInterested, uploadOnly }) => {
        return peerInterested && !uploadOnly && !config.held.has(peerKey);
      })
      .map((peer) => [peer.peerKey, peer]),
  );
  const slots = config.unchokeSlots - config.held.size;
  const stays = state.optimistic
    .filter(({ peerKey, sinceMs }) => {
      const isYoung = nowMs - sinceMs < config.optimisticUnchokeIntervalMs;
      return isYoung && wanting.get(peerKey)?.amChoking === false;
    })
    .toSorted((a, b) => b.sinceMs - a.sinceMs)
    .slice(0, slots);
  const staying = new Set(stays.map(({ peerKey }) => peerKey));
  const begun = rotation
    .filter((peerKey) => wanting.has(peerKey) && !staying.has(peerKey))
    .slice(0, slots - stays.length);
  const beginning = new Set(begun);
  return {
    ready: [],
    optimistic: [...stays, ...begun.map((peerKey) => ({ peerKey, sinceMs: nowMs }))],
    rotation: [...rotation.filter((peerKey) => !beginning.has(peerKey)), ...begun],
    chance,
  };
}

/** Who left is taken out; who is new comes in by lot, with three chances to be next. */
function joinRotation(
  { rotation, chance }: LeechState,
  peers: readonly LeechPeer[],
): Pick<LeechState, "rotation" | "chance"> {
  const here = new Set(peers.map(({ peerKey }) => peerKey));
  const known = new Set(rotation);
  const next = rotation.filter((peerKey) => here.has(peerKey));
  let drawnFrom = chance;
  for (const peerKey of [...here].filter((each) => !known.has(each)).toSorted()) {
    const drawn = draw(drawnFrom, next.length + NEW_PEER_CHANCES);
    drawnFrom = drawn.chance;
    next.splice(Math.max(0, drawn.value - NEW_PEER_CHANCES + 1), 0, peerKey);
  }
  return { rotation: next, chance: drawnFrom };
}

function explain(
  round: {
    readonly peers: readonly LeechPeer[];
    readonly order: readonly LeechPeer[];
    readonly held: Held;
    readonly slots: number;
  },
  nowMs: number,
): readonly UnchokeDecision[] {
  const ranks = new Map(round.order.map(({ peerKey }, at) => [peerKey, at + 1]));
  const outranked: Because = { rule: "outranked", slots: round.slots };
  return round.peers.map((peer) => {
    const { peerKey } = peer;
    const rank = ranks.get(peerKey) ?? null;
    const held = round.held.get(peerKey);
    if (held !== undefined) return { peerKey, rank, ...held };
    if (!peer.peerInterested) return { peerKey, decision: "choked", rank, because: NOT_INTERESTED };
    const because = peer.uploadOnly ? UPLOAD_ONLY : isSnubbed(peer, nowMs) ? SNUBBED : outranked;
    return { peerKey, decision: "choked", rank, because };
  });
}
