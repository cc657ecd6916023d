import type { Torrent } from "../torrents/torrent.ts";

/** What is not there of a torrent, for trackers: the last piece counts as one of the others. */
export function missingBytes({ have, metainfo }: Pick<Torrent, "have" | "metainfo">): number {
  const missing = have.pieceCount - have.count;
  return Math.min(metainfo.sizeBytes, missing * metainfo.pieceLengthBytes);
}
