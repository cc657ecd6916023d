import { endpointOf } from "@seedfleet/bytes";
import type { HostPort } from "@seedfleet/contracts";
import type { PresenceWatch } from "@seedfleet/fleet";

/** The other gateways that PEX can tell of, which knows addresses only: a name is left out. */
export function siblingsOf(
  presence: Pick<PresenceWatch, "available">,
  gateway: string,
): readonly HostPort[] {
  return presence.available("gateway").flatMap(({ id, peerAddress }) => {
    if (id === gateway || peerAddress === null) return [];
    return endpointOf(peerAddress.host, peerAddress.port) === null ? [] : [peerAddress];
  });
}
