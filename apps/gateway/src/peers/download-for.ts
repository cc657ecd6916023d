import type { Clock } from "@seedfleet/runtime";
import type { DownloadFromPeer } from "../downloads/download-from-peer.ts";
import { PeerDownload } from "../downloads/peer-download.ts";
import type { PeerControl, PeerIdentity } from "../swarms/swarm-member.ts";
import type { ConnectedPeer } from "./connected-peer.ts";

/** What is downloaded from a peer, by this thread or another; null where its torrent is not. */
export function downloadFor(
  { torrent, reserved, makesRoom }: Pick<ConnectedPeer, "torrent" | "reserved" | "makesRoom">,
  connection: Pick<PeerControl, "say" | "close"> & Pick<PeerIdentity, "peerKey">,
  clock: Clock,
): DownloadFromPeer | null {
  const { download, remoteDownload } = torrent;
  if (remoteDownload !== null) return remoteDownload.from(connection.peerKey);
  return PeerDownload.of(download, {
    send: (message) => connection.say(message),
    nowMs: () => clock.nowMs(),
    fast: reserved.fast,
    ban: () => connection.close("piece-corrupt"),
    makeRoom: makesRoom ? () => connection.close("makes-room") : null,
  });
}
