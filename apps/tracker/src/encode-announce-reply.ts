import {
  type Endpoint,
  endpointFamily,
  endpointHost,
  endpointPort,
  type InfoHash,
  type PeerId,
} from "@seedfleet/bytes";
import { byteString, latin1OfHex } from "./encode-bytes.ts";

/** A gateway has no peer id yet that a tracker could tell: it makes one per connection. */
export type HandedPeer = { readonly endpoint: Endpoint; readonly peerId: PeerId | null };

export type AnnounceReply = {
  readonly kind: "announce-reply";
  readonly seeders: number;
  readonly leechers: number;
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  readonly peers: readonly HandedPeer[];
  /** The first gateway among the peers, and the asker as it is told of it; null without one. */
  readonly introduction: {
    readonly gateway: string;
    readonly infoHash: InfoHash;
    readonly peer: Endpoint;
  } | null;
};

export type ReplyForm = { readonly compact: boolean; readonly noPeerId: boolean };

/**
 * Bencodes an announce reply, keys in order. Compact (BEP 23) has IPv4 in `peers` and IPv6 in
 * `peers6` (BEP 7); as dictionaries (BEP 3) both are in `peers`.
 *
 * It is built as a text of one character per byte, because an `Endpoint` is one already.
 */
export function encodeAnnounceReply(reply: AnnounceReply, form: ReplyForm): Buffer {
  const peers = form.compact ? compactPeers(reply.peers) : peerList(reply.peers, form.noPeerId);
  return Buffer.from(
    `d8:completei${reply.seeders}e10:incompletei${reply.leechers}e` +
      `8:intervali${seconds(reply.intervalMs)}e` +
      `12:min intervali${seconds(reply.minIntervalMs)}e${peers}e`,
    "latin1",
  );
}

function compactPeers(peers: readonly HandedPeer[]): string {
  let ipv4 = "";
  let ipv6 = "";
  for (const { endpoint } of peers) {
    if (endpointFamily(endpoint) === "ipv4") ipv4 += endpoint;
    else ipv6 += endpoint;
  }
  return `5:peers${byteString(ipv4)}${ipv6 === "" ? "" : `6:peers6${byteString(ipv6)}`}`;
}

function peerList(peers: readonly HandedPeer[], noPeerId: boolean): string {
  const items = peers.map(({ endpoint, peerId }) => {
    const id = noPeerId || peerId === null ? "" : `7:peer id${byteString(latin1OfHex(peerId))}`;
    return `d2:ip${byteString(endpointHost(endpoint))}${id}4:porti${endpointPort(endpoint)}ee`;
  });
  return `5:peersl${items.join("")}e`;
}

function seconds(durationMs: number): number {
  return Math.ceil(durationMs / 1_000);
}
