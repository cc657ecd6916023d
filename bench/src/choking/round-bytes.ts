import { infoHashFromBytes } from "@seedfleet/bytes";
import {
  type FleetPeer,
  fleetRound,
  initialSeedState,
  OPTIMISTIC_UNCHOKE_INTERVAL_MS,
} from "@seedfleet/choker";
import type { RoundReply, RoundRequest } from "@seedfleet/contracts";
import { packDecisions, packRoundPeers, unpackRoundPeers } from "@seedfleet/fleet";
import { seededRng } from "@seedfleet/runtime";
import { aPeer, ROUND_MS, TORRENT } from "./round-peers.ts";

/** What a gateway and its scheduler say of one peer that wants a slot, once a round. */
export type RoundBytes = {
  readonly peers: number;
  readonly askedBytes: number;
  readonly answeredBytes: number;
};

const SLOTS = 8;
const ROUND = 100_000;

/** The payloads of one choke round of a gateway with so many peers, each peer's part of them. */
export function roundBytes(peerCount: number): RoundBytes {
  const rng = seededRng(1);
  const digits = "0123456789abcdef";
  const text = (length: number): string => {
    return Array.from({ length }, () => digits[rng.below(16)]).join("");
  };
  const policy = "round_robin" as const;
  const peers = Array.from({ length: peerCount }, (_, at): FleetPeer => {
    const key = `${text(16)}-${rng.below(100_000)}` as FleetPeer["peerKey"];
    const leecher = text(16) as FleetPeer["leecher"];
    return { ...aPeer(rng, at < SLOTS), peerKey: key, leecher, gateway: "gateway-1" };
  });
  const request: RoundRequest = {
    ...{ gateway: "gateway-1", infoHash: infoHashFromBytes(new Uint8Array(20)) },
    ...{ lastRound: ROUND, unchokeSlots: SLOTS, policy, ...TORRENT },
    peers: packRoundPeers(peers, ROUND_MS),
  };
  const { decisions } = fleetRound(
    initialSeedState(1),
    unpackRoundPeers(request.peers, request.gateway, ROUND_MS),
    {
      ...{ policy, torrent: TORRENT, slotsOf: new Map([[request.gateway, SLOTS]]) },
      optimisticUnchokeIntervalMs: OPTIMISTIC_UNCHOKE_INTERVAL_MS,
    },
    ROUND_MS,
  );
  const reply: RoundReply = {
    ...{ round: ROUND, validForMs: ROUND_MS / 2, nextInMs: ROUND_MS, wanting: peerCount },
    decisions: packDecisions(decisions, ROUND_MS),
  };
  const each = (payload: object): number => JSON.stringify(payload).length / peerCount;
  return { peers: peerCount, askedBytes: each(request), answeredBytes: each(reply) };
}
