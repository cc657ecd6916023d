import type { Chance } from "@seedfleet/swarm";
import type { GatewayList } from "./gateway-board.ts";
import { GATEWAYS_PER_REPLY_MAX, type HandoutPlan, SAMPLE_PEERS_MAX } from "./plan-handout.ts";
import { copyPeer, type SampledPeers, swapPeers } from "./sampled-peers.ts";
import { ZONE_UNKNOWN, type ZoneTable } from "./zone-table.ts";

/** Rows that a sample must have room for: what is drawn, and gateways in front of it. */
export const REPLY_ROWS_MAX: number = SAMPLE_PEERS_MAX + GATEWAYS_PER_REPLY_MAX;

export type ReplyParts = {
  readonly plan: HandoutPlan;
  /** The list of the asker's family, of the board that the plan was made with. */
  readonly gateways: GatewayList;
  readonly zones: ZoneTable;
  readonly chance: Chance;
};

/**
 * Makes the reply of a sample, in place: the planned gateways first and each once, then as many of
 * the peers drawn as there is room for, near ones first where the plan says so. Whom it leaves out
 * is chance, so that the rest is still drawn from the whole swarm.
 */
export function fillReply(peers: SampledPeers, parts: ReplyParts): void {
  const { plan, gateways, zones, chance } = parts;
  if (plan.gatewayCount > 0) dropGateways(peers, plan, gateways);
  const rowsMax = plan.gatewayCount + plan.peersMax;
  if (plan.nearZone === ZONE_UNKNOWN) {
    thin(peers, { from: 0, rowsMax: plan.peersMax }, chance);
    putInFront(peers, plan, gateways);
    return;
  }
  putInFront(peers, plan, gateways);
  const nearEnd = putNearFirst(peers, plan, zones);
  if (nearEnd < rowsMax) {
    thin(peers, { from: nearEnd, rowsMax }, chance);
  } else {
    peers.count = nearEnd;
    thin(peers, { from: plan.gatewayCount, rowsMax }, chance);
  }
}

/** Takes out of a sample the gateways that are handed out anyway. */
function dropGateways(peers: SampledPeers, plan: HandoutPlan, list: GatewayList): void {
  const { endpoints, endpointBytes } = peers;
  for (let row = peers.count - 1; row >= 0; row -= 1) {
    const at = row * endpointBytes;
    if (!(list.mayHave(endpoints, at) && isPlanned(endpoints, at, { plan, list }))) continue;
    peers.count -= 1;
    copyPeer(peers, peers.count, row);
  }
}

function isPlanned(
  endpoints: Uint8Array,
  at: number,
  { plan, list }: { readonly plan: HandoutPlan; readonly list: GatewayList },
): boolean {
  for (let place = 0; place < plan.gatewayCount; place += 1) {
    if (list.isAt(plan.gateways[place] ?? 0, endpoints, at)) return true;
  }
  return false;
}

/** The peers that were first go to the end: that is all the order among them is worth. */
function putInFront(peers: SampledPeers, plan: HandoutPlan, list: GatewayList): void {
  const { endpoints, endpointBytes, known } = peers;
  const { gatewayCount } = plan;
  // Of fewer peers than gateways all go behind those.
  const first = Math.max(gatewayCount, peers.count);
  const moved = Math.min(gatewayCount, peers.count);
  for (let row = 0; row < moved; row += 1) copyPeer(peers, row, first + row);
  for (let row = 0; row < gatewayCount; row += 1) {
    const begin = (plan.gateways[row] ?? 0) * endpointBytes;
    for (let byte = 0; byte < endpointBytes; byte += 1) {
      endpoints[row * endpointBytes + byte] = list.endpoints[begin + byte] ?? 0;
    }
    known[row] = 0;
  }
  peers.count += gatewayCount;
}

/** Sorts the peers behind the gateways; gives where those of the zone end. */
function putNearFirst(peers: SampledPeers, plan: HandoutPlan, zones: ZoneTable): number {
  const { endpoints, endpointBytes } = peers;
  let nearEnd = plan.gatewayCount;
  for (let row = plan.gatewayCount; row < peers.count; row += 1) {
    if (zones.zoneOf(endpoints, row * endpointBytes, endpointBytes) !== plan.nearZone) continue;
    swapPeers(peers, row, nearEnd);
    nearEnd += 1;
  }
  return nearEnd;
}

/** Drops peers from the row `from` on, each as likely as the others, until `rowsMax` are left. */
function thin(
  peers: SampledPeers,
  { from, rowsMax }: { readonly from: number; readonly rowsMax: number },
  chance: Chance,
): void {
  while (peers.count > rowsMax) {
    const dropped = from + chance.below(peers.count - from);
    peers.count -= 1;
    copyPeer(peers, peers.count, dropped);
  }
}
