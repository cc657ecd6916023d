import type { Bus, Subscription } from "@seedfleet/bus";
import { parseInfoHash } from "@seedfleet/bytes";
import { catalogChangedEvent, peerAnnouncedEvent, pieceVerifiedEvent } from "@seedfleet/contracts";
import type { AnnouncedPeers } from "../peers/announced-peers.ts";
import type { Torrents } from "../torrents/torrents.ts";

/** What others of the fleet tell a gateway. */
export function subscribeToFleet(
  bus: Bus,
  gateway: string,
  { announced, torrents }: { readonly announced: AnnouncedPeers; readonly torrents: Torrents },
): readonly Subscription[] {
  return [
    bus.subscribe(peerAnnouncedEvent, { params: { gateway } }, (peer) => announced.add(peer)),
    bus.subscribe(catalogChangedEvent, {}, ({ infoHash }) => torrents.entryChanged(infoHash)),
    bus.subscribe(pieceVerifiedEvent, {}, ({ piece }, params) => {
      const infoHash = parseInfoHash(params.infoHash);
      if (infoHash !== null) torrents.verified(infoHash, piece);
    }),
  ];
}
