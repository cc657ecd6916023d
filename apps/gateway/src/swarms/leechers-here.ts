import { endpointOf, type InfoHash } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import { type Leecher, leecherKey } from "../handover/leecher.ts";
import type { Torrent } from "../torrents/torrent.ts";
import type { SwarmMember } from "./swarm-member.ts";

type SwarmWithMembers = {
  readonly torrent: Torrent;
  readonly members: ReadonlyMap<PeerKey, SwarmMember>;
};

/**
 * The connected leechers that say where they listen, each once: first those that hold a slot, who
 * would miss the next block.
 */
export function leechersHere(swarms: Iterable<SwarmWithMembers>): readonly Leecher[] {
  const holding = new Map<string, Leecher>();
  const others = new Map<string, Leecher>();
  for (const { torrent, members } of swarms) {
    for (const member of members.values()) {
      if (!member.isLeecher(torrent.metainfo.pieceCount)) continue;
      const leecher = leecherAt(torrent.infoHash, member);
      if (leecher === null) continue;
      const to = member.amChoking ? others : holding;
      to.set(leecherKey(leecher), leecher);
    }
  }
  return [...new Map([...holding, ...others]).values()];
}

function leecherAt(infoHash: InfoHash, member: SwarmMember): Leecher | null {
  const { askedAs, host, listenPort: port } = member;
  if (port === null || endpointOf(host, port) === null) return null;
  return { infoHash, askedAs, address: { host, port } };
}
