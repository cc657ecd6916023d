import {
  type Because,
  type FleetPeer,
  peerKey,
  type SeedPeer,
  type Unchoke,
  type UnchokeDecision,
} from "@seedfleet/choker";
import {
  PEER_AM_CHOKING,
  PEER_INTERESTED,
  PEER_UPLOAD_ONLY,
  type RoundBecause,
  type RoundDecisions,
  type RoundPeers,
  UNCHOKES,
} from "@seedfleet/contracts";

/** A peer of a choke round, and who it is over all gateways. */
export type RoundPeer = SeedPeer & { readonly leecher: string };

/** The peers of a choke round as a gateway sends them. */
export function packRoundPeers(peers: readonly RoundPeer[], nowMs: number): RoundPeers {
  const age = (atMs: number): number => Math.max(0, Math.round(nowMs - atMs));
  return {
    peerKeys: peers.map((peer) => peer.peerKey),
    leechers: peers.map(({ leecher }) => leecher),
    flags: peers.map(
      ({ amChoking, peerInterested, uploadOnly }) =>
        (amChoking ? PEER_AM_CHOKING : 0) +
        (peerInterested ? PEER_INTERESTED : 0) +
        (uploadOnly ? PEER_UPLOAD_ONLY : 0),
    ),
    uploadBytesPerSecond: peers.map((peer) => Math.round(peer.uploadBytesPerSecond)),
    sentBytes: peers.map(({ sentBytes }) => sentBytes),
    turnBytes: peers.map(({ turnBytes }) => turnBytes),
    haveBytes: peers.map(({ haveBytes }) => haveBytes ?? 0),
    connectedForMs: peers.map(({ connectedAtMs }) => age(connectedAtMs)),
    unchokedForMs: peers.map(({ unchokedAtMs }) =>
      unchokedAtMs === null ? null : age(unchokedAtMs),
    ),
  };
}

/** The inverse, by the clock of whoever received them at `nowMs`. */
export function unpackRoundPeers(
  columns: RoundPeers,
  gateway: string,
  nowMs: number,
): readonly FleetPeer[] {
  return columns.peerKeys.map((key, at): FleetPeer => {
    const flags = columns.flags[at] ?? 0;
    const unchokedForMs = columns.unchokedForMs[at] ?? null;
    return {
      // Two gateways may have the same key.
      peerKey: peerKey(`${gateway} ${key}`),
      leecher: peerKey(columns.leechers[at] ?? ""),
      gateway,
      amChoking: (flags & PEER_AM_CHOKING) !== 0,
      peerInterested: (flags & PEER_INTERESTED) !== 0,
      uploadOnly: (flags & PEER_UPLOAD_ONLY) !== 0,
      uploadBytesPerSecond: columns.uploadBytesPerSecond[at] ?? 0,
      sentBytes: columns.sentBytes[at] ?? 0,
      turnBytes: columns.turnBytes[at] ?? 0,
      haveBytes: columns.haveBytes[at] ?? 0,
      connectedAtMs: nowMs - (columns.connectedForMs[at] ?? 0),
      unchokedAtMs: unchokedForMs === null ? null : nowMs - unchokedForMs,
    };
  });
}

/** A gateway's decisions as its scheduler sends them: in the order of the gateway's peers. */
export function packDecisions(
  decisions: readonly Omit<UnchokeDecision, "peerKey">[],
  nowMs: number,
): RoundDecisions {
  const reasons: RoundBecause[] = [];
  const known = new Map<string, number>();
  const because = decisions.map((each) => {
    const reason = reasonWithAge(each.because, nowMs);
    const key = JSON.stringify(reason);
    const at = known.get(key) ?? reasons.push(reason) - 1;
    known.set(key, at);
    return at;
  });
  return {
    unchokes: decisions.map(({ decision }) => UNCHOKES.indexOf(decision)),
    ranks: decisions.map(({ rank }) => rank),
    because,
    reasons,
  };
}

/** The inverse, for the keys that were asked about; null if it is not about that many. */
export function unpackDecisions(
  { unchokes, ranks, because, reasons }: RoundDecisions,
  peerKeys: readonly string[],
  nowMs: number,
): readonly UnchokeDecision[] | null {
  if (unchokes.length !== peerKeys.length) return null;
  const known = reasons.map((reason) => withTime(reason, nowMs));
  return peerKeys.map((key, at): UnchokeDecision => {
    const decision: Unchoke = UNCHOKES[unchokes[at] ?? 0] ?? "choked";
    const reason = known[because[at] ?? 0] ?? { rule: "gateway-full" };
    return { peerKey: peerKey(key), decision, rank: ranks[at] ?? null, because: reason };
  });
}

/** A reason as it is told to others, by whose clocks a time means nothing. */
export function reasonWithAge(because: Because, nowMs: number): RoundBecause {
  if (because.rule !== "turn") return because;
  return { rule: "turn", forMs: Math.max(0, Math.round(nowMs - because.sinceMs)) };
}

function withTime(because: RoundBecause, nowMs: number): Because {
  if (because.rule !== "turn") return because;
  return { rule: "turn", sinceMs: nowMs - because.forMs };
}
