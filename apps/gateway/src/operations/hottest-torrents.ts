import type { InfoHash } from "@seedfleet/bytes";
import type { Torrent } from "../torrents/torrent.ts";

/** As much of a torrent as tells how hot it is. */
export type Heated = {
  readonly infoHash: InfoHash;
  readonly shelf: Pick<Torrent["shelf"], "size">;
  readonly metainfo: Pick<Torrent["metainfo"], "pieceLengthBytes">;
};

/**
 * The torrents with the most bytes in the cache, the most first. It looks at those that are known
 * to the gateway, which are few, however many the catalog has.
 */
export function hottestTorrents(known: Iterable<Heated>, countMax: number): InfoHash[] {
  const hot: { readonly infoHash: InfoHash; readonly bytes: number }[] = [];
  for (const { infoHash, shelf, metainfo } of known) {
    const bytes = shelf.size * metainfo.pieceLengthBytes;
    if (bytes > 0) hot.push({ infoHash, bytes });
  }
  return hot
    .sort((a, b) => b.bytes - a.bytes || (a.infoHash < b.infoHash ? -1 : 1))
    .slice(0, countMax)
    .map(({ infoHash }) => infoHash);
}
