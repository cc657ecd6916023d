import { type InfoHash, infoHashFromBytes } from "@seedfleet/bytes";
import { peerKey, type UnchokeDecision } from "@seedfleet/choker";
import type { RoundReply, RoundRequest } from "@seedfleet/contracts";
import { packRoundPeers, type RoundPeer, unpackDecisions } from "@seedfleet/fleet";

export const ONE: InfoHash = infoHashFromBytes(new Uint8Array(20).fill(1));
export const OTHER: InfoHash = infoHashFromBytes(new Uint8Array(20).fill(2));

/** A choked peer that wants something and came at 0, unless told otherwise. */
export function givenPeer(key: string, differing: Partial<RoundPeer> = {}): RoundPeer {
  return {
    ...{ peerKey: peerKey(key), leecher: key, amChoking: true, peerInterested: true },
    ...{ uploadOnly: false, uploadBytesPerSecond: 0, connectedAtMs: 0, unchokedAtMs: null },
    ...{ sentBytes: 0, turnBytes: 0, haveBytes: 0 },
    ...differing,
  };
}

/** One gateway as a scheduler meets it: its peers, and what it does with a reply. */
export class GivenGateway {
  readonly id: string;
  peers: readonly RoundPeer[];
  lastRound = 0;

  constructor(id: string, peers: readonly RoundPeer[]) {
    this.id = id;
    this.peers = peers;
  }

  request(nowMs: number, differing: Partial<RoundRequest> = {}): RoundRequest {
    return {
      ...{ gateway: this.id, infoHash: ONE, lastRound: this.lastRound, unchokeSlots: 1 },
      ...{ policy: "fastest_upload", pieceLengthBytes: 10, contentBytes: 1_000 },
      peers: packRoundPeers(this.peers, nowMs),
      ...differing,
    };
  }

  /** Does what was decided; gives the decisions as `peer decision rule`. */
  follow(reply: RoundReply, nowMs: number): readonly string[] {
    this.lastRound = reply.round;
    const keys = this.peers.map((peer) => peer.peerKey);
    const decisions = unpackDecisions(reply.decisions, keys, nowMs) ?? [];
    this.peers = this.peers.map((peer, at) => applied(peer, decisions[at], nowMs));
    return decisions.map(({ peerKey, decision, because }) => {
      return `${peerKey} ${decision} ${because.rule}`;
    });
  }

  get holders(): readonly string[] {
    return this.peers.flatMap(({ amChoking, peerKey }) => (amChoking ? [] : [peerKey]));
  }
}

function applied(peer: RoundPeer, decision: UnchokeDecision | undefined, nowMs: number): RoundPeer {
  const isUnchoked = decision !== undefined && decision.decision !== "choked";
  const enters = peer.amChoking && isUnchoked;
  return { ...peer, amChoking: !isUnchoked, unchokedAtMs: enters ? nowMs : peer.unchokedAtMs };
}
