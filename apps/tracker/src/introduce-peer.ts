import type { Bus } from "@seedfleet/bus";
import { type PeerAnnounced, peerAnnouncedEvent } from "@seedfleet/contracts";

/**
 * Tells a gateway of a leecher that was told of it. While the bus is away nobody is told: the
 * leecher knows the gateway all the same.
 */
export function introducer(bus: Bus): (gateway: string, peer: PeerAnnounced) => void {
  return (gateway, peer) => {
    if (bus.status === "connected") bus.publish(peerAnnouncedEvent, { gateway }, peer);
  };
}
