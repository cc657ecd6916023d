import type { RoundReply, RoundRequest } from "@seedfleet/contracts";

/** What a scheduler decides, without the count of its rounds. */
export type Decided = Pick<RoundReply, "unchokeSlots" | "decisions">;

/** Leaves every peer as it is; slots that nobody has may be taken. */
export function leaveAll({ peers }: Pick<RoundRequest, "peers">, slots: number): Decided {
  const holding = peers.filter(({ amChoking }) => !amChoking).length;
  return {
    unchokeSlots: Math.max(1, slots, holding),
    decisions: peers.map(({ peerKey, amChoking }) => decide(peerKey, !amChoking)),
  };
}

/**
 * Turns every peer over: who is choked is unchoked and who is not is choked, with as many slots as
 * there are unchoked peers then, so that the gateway has none to give besides.
 */
export function turnOver({ peers }: Pick<RoundRequest, "peers">): Decided {
  const decisions = peers.map(({ peerKey, amChoking }) => decide(peerKey, amChoking));
  const holding = decisions.filter(({ unchoked }) => unchoked).length;
  return { unchokeSlots: Math.max(1, holding), decisions };
}

function decide(peerKey: string, unchoked: boolean): RoundReply["decisions"][number] {
  return { peerKey, unchoked, reason: unchoked ? "free-slot" : "outranked" };
}
