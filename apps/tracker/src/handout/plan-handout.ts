import { chooseGateways } from "./choose-gateways.ts";
import type { EndpointBytes, GatewayBoard } from "./gateway-board.ts";
import type { HandoutPolicy, SwarmSnapshot } from "./handout-policy.ts";
import { ZONE_UNKNOWN, type ZoneTable } from "./zone-table.ts";

/** What `SEEDFLEET_TRACKER_GATEWAYS_MAX` may be at most: a reply is for peers too. */
export const GATEWAYS_PER_REPLY_MAX = 16;

/** Peers drawn for each one wanted where near ones are looked for … */
const NEAR_OVERSAMPLE = 4;

/** … and in all at most: each costs a look-up, and a reply must not wait for more than 50 µs. */
export const SAMPLE_PEERS_MAX = 400;

export type HandoutSettings = {
  readonly policy: HandoutPolicy;
  /** Of a reply, from 0 to 1: what gateways may take. */
  readonly gatewayShare: number;
  /** In a reply at most, up to `GATEWAYS_PER_REPLY_MAX`. */
  readonly gatewaysMax: number;
  readonly zones: ZoneTable;
};

/** Who asks, and for what; an `AnnounceRequest` has the first two. */
export type HandoutAsked = {
  readonly endpoint: Uint8Array;
  readonly endpointBytes: EndpointBytes;
  /** 0 wants nobody. */
  readonly numWant: number;
  /** False for a seed, which has nothing to get from a gateway. */
  readonly takesGateways: boolean;
  /** Whether the reply has room for the other address family. */
  readonly takesOtherFamily: boolean;
  readonly swarm: SwarmSnapshot;
  /** Counts the replies, so that gateways take turns. */
  readonly turn: number;
};

/** Whom to hand out; a listener has one, which is filled again for each announce. */
export class HandoutPlan {
  /** Places in the board's list of the asker's family; the first `gatewayCount` count. */
  readonly gateways: Uint16Array = new Uint16Array(GATEWAYS_PER_REPLY_MAX);
  gatewayCount = 0;
  /** Places in the list of the other family; the first `otherCount` count. */
  readonly others: Uint16Array = new Uint16Array(GATEWAYS_PER_REPLY_MAX);
  otherCount = 0;
  /** Peers that the reply has room for behind the gateways. */
  peersMax = 0;
  /** How many to draw from the swarm, so that enough are left. */
  sampleCount = 0;
  /** The zone whose peers come first; `ZONE_UNKNOWN` prefers nobody. */
  nearZone: number = ZONE_UNKNOWN;
}

/**
 * Plans one reply from what is known: how many gateways and which, how many peers, which zone
 * first. The asker's own family comes first, since it surely reaches that.
 */
export function planHandout(
  asked: HandoutAsked,
  { board, settings }: { readonly board: GatewayBoard; readonly settings: HandoutSettings },
  into: HandoutPlan,
): void {
  const { numWant, endpointBytes } = asked;
  const zone = settings.policy.nearFirst
    ? settings.zones.zoneOf(asked.endpoint, 0, endpointBytes)
    : ZONE_UNKNOWN;
  const gatewaysMax = gatewaysAllowed(asked, board, settings);
  into.gatewayCount = 0;
  into.otherCount = 0;
  if (gatewaysMax > 0) {
    const { turn } = asked;
    const own = board.ofFamily(endpointBytes);
    const choice = { order: own.orderNear(zone), asker: asked, turn, gatewaysMax };
    into.gatewayCount = chooseGateways(own, choice, into.gateways);
    const rest = gatewaysMax - into.gatewayCount;
    if (rest > 0 && asked.takesOtherFamily) {
      const other = board.ofFamily(endpointBytes === 6 ? 18 : 6);
      const otherChoice = { order: other.orderNear(zone), asker: asked, turn, gatewaysMax: rest };
      into.otherCount = chooseGateways(other, otherChoice, into.others);
    }
  }
  into.peersMax = numWant - into.gatewayCount - into.otherCount;
  into.nearZone = zone;
  into.sampleCount = sampleCount(into);
}

/** A share of what is wanted, rounded up: whoever wants one peer gets a gateway. */
function gatewaysAllowed(
  { numWant, takesGateways, swarm }: HandoutAsked,
  board: GatewayBoard,
  { policy, gatewayShare, gatewaysMax }: HandoutSettings,
): number {
  if (!takesGateways || numWant === 0 || board.count === 0) return 0;
  const allowed = Math.min(gatewaysMax, Math.ceil(numWant * gatewayShare));
  return allowed === 0 ? 0 : policy.gatewaysOf(allowed, numWant, swarm);
}

/** A gateway that downloads may have announced too, so as many more are drawn. */
function sampleCount({ peersMax, gatewayCount, nearZone }: HandoutPlan): number {
  if (peersMax === 0) return 0;
  const near = nearZone === ZONE_UNKNOWN ? peersMax : peersMax * NEAR_OVERSAMPLE;
  return Math.min(SAMPLE_PEERS_MAX, Math.max(near, peersMax + gatewayCount));
}
