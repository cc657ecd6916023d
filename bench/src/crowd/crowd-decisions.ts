import {
  PEER_AM_CHOKING,
  type RoundDecisions,
  type RoundPeers,
  UNCHOKES,
} from "@seedfleet/contracts";

/** Leaves every peer as it is. */
export function leaveAll(peers: RoundPeers): RoundDecisions {
  return decided(peers.flags.map((flags) => !isChoked(flags)));
}

/**
 * Turns every peer over: who is choked is unchoked and who is not is choked. With slots for half of
 * the peers the gateway has none to give besides.
 */
export function turnOver(peers: RoundPeers): RoundDecisions {
  return decided(peers.flags.map(isChoked));
}

function isChoked(flags: number): boolean {
  return (flags & PEER_AM_CHOKING) !== 0;
}

function decided(unchoked: readonly boolean[]): RoundDecisions {
  return {
    unchokes: unchoked.map((each) => UNCHOKES.indexOf(each ? "regular" : "choked")),
    ranks: unchoked.map(() => null),
    because: unchoked.map(() => 0),
    reasons: [{ rule: "free-slot" }],
  };
}
