import assert from "node:assert/strict";

/** What one holder of a part of a limit would use of it. */
export type LimitDemand = {
  /** Infinity where it is held back by its part, so that nobody knows. */
  readonly wantedBytesPerSecond: number;
  /** Its peers that were sent something: parts that do not suffice are alike per peer. */
  readonly activePeers: number;
};

/** Of the limit, to all in equal parts whatever they want: from nothing nobody could begin. */
const FLOOR_SHARE = 0.01;

/**
 * Splits a limit between several that use it, such as worker threads. They get what they want if
 * that is less than their part per peer, and what is left goes to the others, so peers fare alike
 * wherever they are connected. What nobody wants is split evenly, for whoever begins.
 *
 * The parts always add up to the limit, so it holds however wrong the demands are.
 */
export function splitLimit(
  limitBytesPerSecond: number,
  demands: readonly LimitDemand[],
): readonly number[] {
  assert(limitBytesPerSecond >= 0 && Number.isFinite(limitBytesPerSecond));
  if (demands.length === 0) return [];
  const floor = (limitBytesPerSecond * FLOOR_SHARE) / demands.length;
  const parts = demands.map(() => floor);
  let left = limitBytesPerSecond - floor * demands.length;
  let peersLeft = demands.reduce((sum, demand) => sum + weightOf(demand), 0);

  for (const index of byWantPerPeer(demands)) {
    const demand = demands[index];
    if (demand === undefined) continue;
    const fair = (left * weightOf(demand)) / peersLeft;
    const given = Math.min(fair, Math.max(0, demand.wantedBytesPerSecond - floor));
    parts[index] = floor + given;
    left -= given;
    peersLeft -= weightOf(demand);
  }
  return parts.map((part) => part + left / demands.length);
}

/** The least first: what they do not take, those that want more can be given. */
function byWantPerPeer(demands: readonly LimitDemand[]): readonly number[] {
  const wantPerPeer = demands.map((each) => each.wantedBytesPerSecond / weightOf(each));
  return [...demands.keys()].toSorted((a, b) => {
    const [ofA = 0, ofB = 0] = [wantPerPeer[a], wantPerPeer[b]];
    return ofA === ofB ? a - b : ofA - ofB;
  });
}

function weightOf({ activePeers }: LimitDemand): number {
  return Math.max(1, activePeers);
}
