import type { PeerKey } from "./choker-model.ts";
import { type SeedConfig, type SeedState, seedRound } from "./seed-round.ts";
import type { Because, SeedPeer, UnchokeDecision } from "./unchoke-model.ts";

/** One connection of a leecher; its key is unique in the fleet. */
export type FleetPeer = SeedPeer & {
  readonly gateway: string;
  /** Peer id and address: the same at every gateway. */
  readonly leecher: PeerKey;
};

export type FleetConfig = Omit<SeedConfig, "unchokeSlots"> & {
  /** By gateway, how many slots the swarm has there. */
  readonly slotsOf: ReadonlyMap<string, number>;
  /**
   * By leecher, the gateway that serves it and is not asking now: it keeps its slot there, and has
   * another only where there are slots to spare.
   */
  readonly servedElsewhere?: ReadonlyMap<PeerKey, string>;
};

export type FleetRound = {
  readonly state: SeedState;
  /** One for every connection. */
  readonly decisions: readonly UnchokeDecision[];
};

const FREE_SLOT: Because = { rule: "free-slot" };
const GATEWAY_FULL: Because = { rule: "gateway-full" };

/**
 * Decides one choke round of a swarm over all its gateways. The policy chooses among leechers, not
 * among connections: each holds one slot, at the gateway that serves it fastest, or else at the one
 * with most slots left. Slots that are to spare then go to further connections.
 */
export function fleetRound(
  state: SeedState,
  peers: readonly FleetPeer[],
  config: FleetConfig,
  nowMs: number,
): FleetRound {
  const { servedElsewhere = new Map<PeerKey, string>() } = config;
  const ofLeecher = Map.groupBy(peers, ({ leecher }) => leecher);
  const leechers = Array.from(ofLeecher).flatMap(([leecher, all]) =>
    servedElsewhere.has(leecher) ? [] : mergeConnections(leecher, all),
  );
  const left = new Map(config.slotsOf);
  const unchokeSlots = [...left.values()].reduce((sum, slots) => sum + slots, 0);
  if (unchokeSlots === 0) return { state, decisions: peers.map(chokedForLackOfSlots) };
  const round = seedRound(state, leechers, { ...config, unchokeSlots }, nowMs);
  const decided = new Map(round.decisions.map((each) => [each.peerKey, each]));
  const placed = new Map<PeerKey, UnchokeDecision>();
  const servedAt = new Map(servedElsewhere);
  const place = (decision: UnchokeDecision): void => {
    const peer = bestGateway(ofLeecher.get(decision.peerKey) ?? [], left);
    if (peer === null) return;
    left.set(peer.gateway, (left.get(peer.gateway) ?? 0) - 1);
    placed.set(peer.peerKey, { ...decision, peerKey: peer.peerKey });
    servedAt.set(peer.leecher, peer.gateway);
  };
  const byRank = round.decisions.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  for (const decision of byRank) if (decision.decision !== "choked") place(decision);
  // Where the chosen have no gateway left, the next in order have.
  for (const decision of byRank) {
    if (decision.because.rule !== "outranked") continue;
    place({ ...decision, decision: "regular", because: FREE_SLOT });
  }
  const turnsElsewhere = state.optimistic.filter(({ peerKey }) => servedElsewhere.has(peerKey));
  return {
    state: { ...round.state, optimistic: [...round.state.optimistic, ...turnsElsewhere] },
    decisions: peers.map((peer) => {
      const { peerKey, gateway, leecher } = peer;
      const decision = placed.get(peerKey);
      if (decision !== undefined) return decision;
      const { rank = null, because = GATEWAY_FULL } = decided.get(leecher) ?? {};
      const whyNot = unwanting(peer);
      if (whyNot !== null) return { peerKey, decision: "choked", rank, because: whyNot };
      const slots = left.get(gateway) ?? 0;
      const elsewhere = servedAt.get(leecher);
      if (elsewhere === undefined) {
        const why = because.rule === "outranked" ? because : GATEWAY_FULL;
        return { peerKey, decision: "choked", rank, because: why };
      }
      if (slots === 0) {
        const why: Because = { rule: "served-elsewhere", gateway: elsewhere };
        return { peerKey, decision: "choked", rank, because: why };
      }
      left.set(gateway, slots - 1);
      return { peerKey, decision: "regular", rank, because: FREE_SLOT };
    }),
  };
}

/** Among how many the ranks of a round are. */
export function rankedCount(decisions: readonly UnchokeDecision[]): number {
  return decisions.reduce((most, { rank }) => Math.max(most, rank ?? 0), 0);
}

function chokedForLackOfSlots(peer: FleetPeer): UnchokeDecision {
  const because = unwanting(peer) ?? GATEWAY_FULL;
  return { peerKey: peer.peerKey, decision: "choked", rank: null, because };
}

/** Why it may have no slot at all; null if it may. */
function unwanting({ peerInterested, uploadOnly }: FleetPeer): Because | null {
  if (!peerInterested) return { rule: "not-interested" };
  return uploadOnly ? { rule: "upload-only" } : null;
}

/** All connections of a leecher as the policy sees them: one peer. */
function mergeConnections(leecher: PeerKey, all: readonly FleetPeer[]): SeedPeer {
  const wanting = all.filter((each) => each.peerInterested && !each.uploadOnly);
  const sum = (of: (peer: FleetPeer) => number): number => all.reduce((s, each) => s + of(each), 0);
  const unchoked = all.flatMap(({ unchokedAtMs }) => unchokedAtMs ?? []);
  const have = all.flatMap(({ haveBytes }) => haveBytes ?? []);
  return {
    peerKey: leecher,
    amChoking: all.every(({ amChoking }) => amChoking),
    peerInterested: all.some(({ peerInterested }) => peerInterested),
    uploadOnly: wanting.length === 0 && all.some(({ uploadOnly }) => uploadOnly),
    uploadBytesPerSecond: sum((each) => each.uploadBytesPerSecond),
    connectedAtMs: Math.min(...all.map(({ connectedAtMs }) => connectedAtMs)),
    unchokedAtMs: unchoked.length === 0 ? null : Math.max(...unchoked),
    sentBytes: sum((each) => each.sentBytes),
    turnBytes: sum((each) => (each.amChoking ? 0 : each.turnBytes)),
    haveBytes: have.length === 0 ? null : Math.max(...have),
  };
}

function bestGateway(
  connections: readonly FleetPeer[],
  left: ReadonlyMap<string, number>,
): FleetPeer | null {
  const slotsLeft = ({ gateway }: FleetPeer): number => left.get(gateway) ?? 0;
  const servedRate = (each: FleetPeer): number => (each.amChoking ? -1 : each.uploadBytesPerSecond);
  const [best = null] = connections
    .filter((each) => each.peerInterested && !each.uploadOnly && slotsLeft(each) > 0)
    .toSorted(
      (a, b) =>
        servedRate(b) - servedRate(a) ||
        slotsLeft(b) - slotsLeft(a) ||
        (a.gateway < b.gateway ? -1 : 1),
    );
  return best;
}
