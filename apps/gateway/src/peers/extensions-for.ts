import { VERSION } from "@seedfleet/runtime";
import type { Torrent } from "../torrents/torrent.ts";
import type { ConnectedPeer } from "./connected-peer.ts";
import { PeerExtensions } from "./peer-extensions.ts";
import { REQUESTS_QUEUED_MAX } from "./peer-limits.ts";
import type { ToldPieces } from "./told-pieces.ts";

/** What we offer a peer that speaks the extension protocol (BEP 10). */
export function extensionsFor(
  peer: Pick<ConnectedPeer, "torrent" | "infoHash" | "host" | "ownPort">,
  told: ToldPieces,
  nowMs: number,
): PeerExtensions {
  const { torrent, infoHash, host, ownPort } = peer;
  const { metainfo } = torrent;
  const { peersFound } = torrent.download ?? torrent.remoteDownload ?? {};
  const offer = {
    metadataSizeBytes: torrent.infoBytesFor(infoHash).length,
    isPrivate: metainfo.private,
    yourIp: host,
    listenPort: ownPort,
    client: `Seedfleet ${VERSION}`,
    requestsQueuedMax: REQUESTS_QUEUED_MAX,
    uploadOnly: onlyUploads(torrent, told),
    // BEP 27: of a private torrent the tracker alone names peers.
    peersFound: metainfo.private ? null : (peersFound ?? null),
  };
  return new PeerExtensions(offer, nowMs);
}

/**
 * Whether a peer is told that we want nothing. It closes who only uploads and has nothing for it,
 * as it seems at first of who super-seeds (BEP 16, 21). Who has a part of it and wants no more is
 * no leecher.
 */
export function onlyUploads(
  { have, isDownloading }: Pick<Torrent, "have" | "isDownloading">,
  told: ToldPieces,
): boolean {
  return told.isAll && have.count > 0 && !isDownloading;
}
