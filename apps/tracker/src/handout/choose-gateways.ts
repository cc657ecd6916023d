import type { EndpointBytes, GatewayList } from "./gateway-board.ts";
import { type GatewayOrder, tierStart } from "./gateway-order.ts";

export type GatewayChoice = {
  readonly order: GatewayOrder;
  /** Who asks, as a compact endpoint: never told of itself. */
  readonly asker: { readonly endpoint: Uint8Array; readonly endpointBytes: EndpointBytes };
  /** Counts the replies, so that equals take turns. */
  readonly turn: number;
  readonly gatewaysMax: number;
};

/**
 * Writes the places of the gateways that one reply hands out into `into`, the first first, and
 * gives their number: tier by tier, from where the turn says within each. Allocates nothing.
 */
export function chooseGateways(
  list: GatewayList,
  { order, asker, turn, gatewaysMax }: GatewayChoice,
  into: Uint16Array,
): number {
  const mayBeAsker = asker.endpointBytes === list.endpointBytes && list.mayHave(asker.endpoint, 0);
  let count = 0;
  let begin = 0;
  for (let tier = 0; tier < order.tierEnds.length && count < gatewaysMax; tier += 1) {
    const end = order.tierEnds[tier] ?? begin;
    const size = end - begin;
    let at = begin + tierStart(turn, size);
    for (let tried = 0; tried < size && count < gatewaysMax; tried += 1) {
      const place = order.places[at] ?? 0;
      if (!(mayBeAsker && list.isAt(place, asker.endpoint, 0))) {
        into[count] = place;
        count += 1;
      }
      at = at + 1 === end ? begin : at + 1;
    }
    begin = end;
  }
  return count;
}
