import type { PeerKey } from "./choker-model.ts";
import type { LeechConfig, LeechPeer, LeechRound, LeechState } from "./leech-round.ts";
import type { Because, OptimisticTurn, Unchoke, UnchokeDecision } from "./unchoke-model.ts";

const NOT_INTERESTED: Because = { rule: "not-interested" };

/**
 * What changes at once in a download, between two rounds (BEP 3). Who loses interest gives its slot
 * up. Who was `ready` and wants something now takes a regular slot; if there is none left, the one
 * whose holder gives us least. Free slots go to whose optimistic turn is next. Gives only the peers
 * whose state changes.
 */
export function settleLeech(
  state: LeechState,
  peers: readonly LeechPeer[],
  config: LeechConfig,
  nowMs: number,
): LeechRound {
  const slots = config.unchokeSlots;
  const isReady = new Set(state.ready);
  const isOptimistic = new Set(state.optimistic.map(({ peerKey }) => peerKey));
  const unchoked = peers.filter(({ amChoking }) => !amChoking);
  const leaving = unchoked.filter((peer) => !peer.peerInterested && !isReady.has(peer.peerKey));
  const wanting = unchoked.filter(({ peerInterested }) => peerInterested);
  const entering = wanting.filter(({ peerKey }) => isReady.has(peerKey)).toSorted(byGiven);
  const worstFirst = wanting
    .filter(({ peerKey }) => !isReady.has(peerKey) && !isOptimistic.has(peerKey))
    .toSorted((a, b) => byGiven(b, a));
  // A round gives everybody who is ready a slot against the worst alone, so two may want the same.
  const tooMany = Math.max(0, wanting.length - slots);
  const displaced = [...worstFirst, ...entering.toReversed()].slice(0, tooMany);
  const gone = new Set([...leaving, ...displaced].map(({ peerKey }) => peerKey));

  const begun = nextTurns(state, peers, slots - wanting.length).map((peerKey): OptimisticTurn => {
    return { peerKey, sinceMs: nowMs };
  });
  const beginning = new Set(begun.map(({ peerKey }) => peerKey));
  const stillReady = peers.filter((peer) => !peer.peerInterested && isReady.has(peer.peerKey));

  return {
    state: {
      optimistic: [...state.optimistic.filter(({ peerKey }) => !gone.has(peerKey)), ...begun],
      ready: stillReady.map(({ peerKey }) => peerKey),
      rotation: [...state.rotation.filter((peerKey) => !beginning.has(peerKey)), ...beginning],
      chance: state.chance,
    },
    decisions: [
      ...leaving.map((peer) => decide(peer, "choked", NOT_INTERESTED)),
      ...displaced.map((peer) => decide(peer, "choked", { rule: "outranked", slots })),
      ...entering
        .filter(({ peerKey }) => !gone.has(peerKey))
        .map((peer) => decide(peer, "regular", { rule: "ranked", slots })),
      ...begun.map((turn) => decide(turn, "optimistic", { rule: "turn", sinceMs: nowMs })),
    ],
  };
}

/** Whose optimistic turn is next, of those that want one and have no slot. */
function nextTurns(
  { rotation }: LeechState,
  peers: readonly LeechPeer[],
  free: number,
): readonly PeerKey[] {
  const waiting = new Set(
    peers
      .filter((peer) => peer.amChoking && peer.peerInterested && !peer.uploadOnly)
      .map(({ peerKey }) => peerKey),
  );
  return rotation.filter((peerKey) => waiting.has(peerKey)).slice(0, Math.max(0, free));
}

function decide(
  { peerKey }: Pick<LeechPeer, "peerKey">,
  decision: Unchoke,
  because: Because,
): UnchokeDecision {
  return { peerKey, decision, rank: null, because };
}

/** Who gives us most comes first. */
function byGiven(a: LeechPeer, b: LeechPeer): number {
  return b.downloadBytesPerSecond - a.downloadBytesPerSecond || (a.peerKey < b.peerKey ? -1 : 1);
}
