import type { Catalog } from "@seedfleet/fleet";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import type { ReadTorrent } from "./read-torrent.ts";

/**
 * Puts a `.torrent` where piece-stores and gateways find it, as it is. A torrent that the fleet
 * knows already must not lose its piece layers to a file without them.
 */
export async function putMetainfo(
  catalog: Catalog,
  { bytes, metainfo }: ReadTorrent,
): Promise<void> {
  const known = await catalog.metainfo(metainfo.infoHash);
  if (known !== null && metainfo.pieceRoots === null && hasLayers(parseMetainfo(known))) return;
  await catalog.putMetainfo(metainfo.infoHash, bytes);
}

function hasLayers(known: Metainfo | { readonly kind: "violation" }): boolean {
  return known.kind === "metainfo" && known.pieceRoots !== null;
}
