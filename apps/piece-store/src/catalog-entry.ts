import type { CatalogEntry, CatalogSource } from "@seedfleet/contracts";
import { aliasInfoHashes, type Metainfo } from "@seedfleet/metainfo";

/** What the catalog says of a torrent. */
export function entryOf(
  metainfo: Metainfo,
  sources: readonly CatalogSource[],
  addedAtMs: number,
): CatalogEntry {
  const { infoHash, infoHashV2, version, name, sizeBytes, pieceLengthBytes } = metainfo;
  const own = metainfo.files.filter(({ padding }) => !padding);
  return {
    ...{ infoHash, infoHashV2, version, name, sizeBytes, pieceLengthBytes },
    pieceCount: metainfo.pieceCount,
    aliases: aliasInfoHashes(metainfo),
    contentBytes: own.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    fileCount: own.length,
    private: metainfo.private,
    sources,
    addedAtMs,
  };
}
