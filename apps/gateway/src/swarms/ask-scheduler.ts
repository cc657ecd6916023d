import type { Bus } from "@seedfleet/bus";
import type { UnchokeDecision } from "@seedfleet/choker";
import { chokeRoundCall, type RoundRequest } from "@seedfleet/contracts";
import {
  type PresenceWatch,
  packRoundPeers,
  type RoundPeer,
  rendezvous,
  unpackDecisions,
} from "@seedfleet/fleet";
import { type Clock, errorCode } from "@seedfleet/runtime";

export type AskPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly presence: PresenceWatch;
};

/** A scheduler's round, or why there is none. */
export type AskedRound =
  | {
      readonly kind: "round";
      readonly decidedBy: string;
      readonly round: number;
      readonly nextInMs: number;
      /** For each of the peers that it was told of, in their order. */
      readonly decisions: readonly UnchokeDecision[];
      /** How many leechers want a slot, over all gateways. */
      readonly wanting: number | null;
    }
  | { readonly kind: "none"; readonly reason: string };

/** Asks the swarm's scheduler for a choke round; one that is late or makes no sense is none. */
export async function askScheduler(
  { bus, clock, presence }: AskPorts,
  peers: readonly RoundPeer[],
  swarm: Omit<RoundRequest, "peers">,
): Promise<AskedRound> {
  const ids = presence.available("choking-scheduler").map(({ id }) => id);
  const scheduler = rendezvous(swarm.infoHash, ids);
  if (scheduler === null) return { kind: "none", reason: "no-scheduler" };
  const askedAtMs = clock.nowMs();
  const request = { ...swarm, peers: packRoundPeers(peers, askedAtMs) };
  try {
    const reply = await bus.call(chokeRoundCall, { scheduler }, request);
    const nowMs = clock.nowMs();
    if (nowMs - askedAtMs > reply.validForMs) return { kind: "none", reason: "too-late" };
    const keys = peers.map((peer) => peer.peerKey);
    const decisions = unpackDecisions(reply.decisions, keys, nowMs) ?? [];
    const unchoked = decisions.filter(({ decision }) => decision !== "choked");
    const isSense =
      decisions.length === peers.length &&
      reply.round > swarm.lastRound &&
      unchoked.length <= swarm.unchokeSlots;
    if (!isSense) return { kind: "none", reason: "nonsense" };
    const { round, nextInMs, wanting = null } = reply;
    return { kind: "round", decidedBy: scheduler, round, nextInMs, decisions, wanting };
  } catch (error) {
    return { kind: "none", reason: errorCode(error) ?? "unknown" };
  }
}
