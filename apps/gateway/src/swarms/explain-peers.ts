import { type InfoHash, type IpAddress, parseIpAddress } from "@seedfleet/bytes";
import type { PeerKey } from "@seedfleet/choker";
import {
  CONNECTIONS_EXPLAINED_MAX,
  type ExplainedConnection,
  type ExplainReply,
  type ExplainRequest,
  type SoughtPeer,
} from "@seedfleet/contracts";
import type { Torrent } from "../torrents/torrent.ts";
import type { SwarmMember } from "./swarm-member.ts";
import type { SwarmSlots } from "./swarm-slots.ts";

/** What is to be known of a swarm to tell of its peers. */
export type ExplainedSwarm = {
  readonly torrent: Torrent;
  readonly members: ReadonlyMap<PeerKey, SwarmMember>;
  readonly choking: Pick<SwarmSlots, "history" | "slots" | "holding">;
};

/**
 * Finds the connections of a peer and tells what was decided of each. It looks at every connection
 * there is: people ask seldom, and an index would be kept for each of them all the time.
 */
export function explainPeers(
  swarms: ReadonlyMap<InfoHash, ExplainedSwarm>,
  { peer, infoHash }: ExplainRequest,
  nowMs: number,
): ExplainReply {
  const isSought = matching(peer);
  const connections: ExplainedConnection[] = [];
  let leftOut = 0;
  for (const swarm of swarms.values()) {
    const { metainfo, entry } = swarm.torrent;
    const names = [metainfo.infoHash, ...entry.aliases];
    if (infoHash !== null && !names.includes(infoHash)) continue;
    for (const member of swarm.members.values()) {
      if (!isSought(member)) continue;
      if (connections.length < CONNECTIONS_EXPLAINED_MAX) connections.push(explain(swarm, member));
      else leftOut += 1;
    }
  }
  return { nowMs, connections, leftOut };
}

function matching(peer: SoughtPeer): (member: SwarmMember) => boolean {
  if (peer.kind === "peer-id") return ({ peerId }) => peerId.startsWith(peer.prefix);
  const address: IpAddress | null = parseIpAddress(peer.host);
  if (address === null) return () => false;
  const { port } = peer;
  return ({ host, listenPort }) =>
    (port === null || listenPort === port) && parseIpAddress(host) === address;
}

function explain({ torrent, choking }: ExplainedSwarm, member: SwarmMember): ExplainedConnection {
  const { infoHash, pieceLengthBytes, sizeBytes } = torrent.metainfo;
  const { haveBytes, ...snapshot } = member.snapshot(pieceLengthBytes);
  return {
    infoHash,
    peerId: member.peerId,
    host: member.host,
    listenPort: member.listenPort,
    connectedAtMs: snapshot.connectedAtMs,
    amChoking: snapshot.amChoking,
    unchokedAtMs: snapshot.unchokedAtMs,
    peerInterested: snapshot.peerInterested,
    uploadOnly: snapshot.uploadOnly,
    // The last piece may be a short one.
    haveBytes: haveBytes === null ? null : Math.min(haveBytes, sizeBytes),
    contentBytes: sizeBytes,
    sentBytes: snapshot.sentBytes,
    uploadBytesPerSecond: snapshot.uploadBytesPerSecond,
    slots: choking.slots,
    slotsHeld: choking.holding,
    moments: choking.history.momentsOf(member.peerKey),
  };
}
