import assert from "node:assert/strict";
import {
  CHOKE_ROUND_INTERVAL_MS,
  type FleetPeer,
  fleetRound,
  initialSeedState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
  type PeerKey,
  rankedCount,
  type SeedState,
  type UnchokeDecision,
} from "@seedfleet/choker";
import type { ChokingPolicy, RoundReply, RoundRequest } from "@seedfleet/contracts";
import { packDecisions, unpackRoundPeers } from "@seedfleet/fleet";

/** A decision that comes later than half a round is of a swarm that has moved on. */
export const ROUND_VALID_MS: number = CHOKE_ROUND_INTERVAL_MS / 2;

/** A gateway that missed a round still has whom it served; one that missed two does not. */
const GATEWAY_FRESH_MS: number = 1.5 * CHOKE_ROUND_INTERVAL_MS;

/** A round may begin this much before its time: timers of several machines are not exact. */
const EARLY_MS = 2_000;

/** Closer than this to the next round a gateway leaves it out and comes to the one after it. */
const NEXT_MS_MIN = 3_000;

/** A gateway as it asked last, and what it was told. */
type Asked = {
  readonly request: RoundRequest;
  readonly peers: readonly FleetPeer[];
  readonly atMs: number;
};

type Served = { readonly leechers: readonly PeerKey[]; readonly atMs: number };

/** What came of one round, over all gateways that asked. */
export type DecidedRound = {
  readonly round: number;
  readonly policy: ChokingPolicy;
  readonly peers: readonly FleetPeer[];
  /** For each of the peers. */
  readonly decisions: readonly UnchokeDecision[];
  readonly unchokeSlots: number;
  readonly replies: ReadonlyMap<string, RoundReply>;
};

/**
 * The choke rounds of one swarm over all its gateways, without clock and bus. Gateways that ask
 * within a moment are decided together; each is told when to ask next, so that they do. A gateway
 * that does not ask keeps whom it serves.
 */
export class SwarmRounds {
  #state: SeedState;
  #round = 0;
  /** When the next one is due; null before the first. */
  #nextAtMs: number | null = null;
  readonly #asking = new Map<string, Asked>();
  readonly #served = new Map<string, Served>();
  #askedAtMs = Number.NEGATIVE_INFINITY;

  /** `chance` is where Legout's lots come from. */
  constructor(chance: number) {
    this.#state = initialSeedState(chance);
  }

  /** When a gateway asked last. */
  get askedAtMs(): number {
    return this.#askedAtMs;
  }

  /** Takes a gateway's request into the round that comes. */
  ask(request: RoundRequest, nowMs: number): void {
    const { gateway, lastRound } = request;
    const peers = unpackRoundPeers(request.peers, gateway, nowMs);
    this.#asking.set(gateway, { request, peers, atMs: nowMs });
    this.#askedAtMs = nowMs;
    // Another scheduler may have counted further.
    this.#round = Math.max(this.#round, lastRound);
  }

  /** Whether every gateway that had peers lately has asked, so that nobody need be waited for. */
  isComplete(nowMs: number): boolean {
    return this.#served
      .entries()
      .every(([gateway, { atMs }]) => this.#asking.has(gateway) || !isFresh(atMs, nowMs));
  }

  /** Decides the round of those who asked. */
  decide(nowMs: number): DecidedRound {
    const asking = [...this.#asking.values()];
    this.#asking.clear();
    const latest = asking.at(-1)?.request;
    assert(latest !== undefined);
    const { policy, pieceLengthBytes, contentBytes } = latest;
    const peers = asking.flatMap((each) => each.peers);
    const slotsOf = new Map(
      asking.map(({ request }) => [request.gateway, request.unchokeSlots] as const),
    );
    const { state, decisions } = fleetRound(
      this.#state,
      peers,
      {
        policy,
        slotsOf,
        servedElsewhere: this.#servedElsewhere(slotsOf, nowMs),
        torrent: { pieceLengthBytes, contentBytes },
        optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS,
      },
      nowMs,
    );
    this.#state = state;
    this.#round += 1;
    const nextInMs = this.#nextInMs(nowMs);
    const wanting = rankedCount(decisions);
    const replies = new Map<string, RoundReply>();
    let at = 0;
    for (const { request, peers: ofGateway } of asking) {
      const own = decisions.slice(at, at + ofGateway.length);
      at += ofGateway.length;
      replies.set(request.gateway, {
        round: this.#round,
        validForMs: ROUND_VALID_MS,
        ...{ nextInMs, wanting },
        decisions: packDecisions(own, nowMs),
      });
      const leechers = ofGateway.flatMap(({ leecher }, index) =>
        own[index]?.decision === "choked" ? [] : [leecher],
      );
      this.#served.set(request.gateway, { leechers, atMs: nowMs });
    }
    const unchokeSlots = slotsOf.values().reduce((sum, slots) => sum + slots, 0);
    return { round: this.#round, policy, peers, decisions, unchokeSlots, replies };
  }

  #servedElsewhere(
    asking: ReadonlyMap<string, unknown>,
    nowMs: number,
  ): ReadonlyMap<PeerKey, string> {
    const elsewhere = new Map<PeerKey, string>();
    for (const [gateway, { leechers, atMs }] of this.#served) {
      if (!isFresh(atMs, nowMs)) this.#served.delete(gateway);
      else if (!asking.has(gateway)) for (const each of leechers) elsewhere.set(each, gateway);
    }
    return elsewhere;
  }

  /** A gateway that came in between is told to come along with the others. */
  #nextInMs(nowMs: number): number {
    const untilNextMs = (this.#nextAtMs ?? nowMs) - nowMs;
    if (untilNextMs <= EARLY_MS) this.#nextAtMs = nowMs + CHOKE_ROUND_INTERVAL_MS;
    const inMs = (this.#nextAtMs ?? nowMs) - nowMs;
    return Math.ceil(inMs < NEXT_MS_MIN ? inMs + CHOKE_ROUND_INTERVAL_MS : inMs);
  }
}

function isFresh(atMs: number, nowMs: number): boolean {
  return nowMs - atMs <= GATEWAY_FRESH_MS;
}
