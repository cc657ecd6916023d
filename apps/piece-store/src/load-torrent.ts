import type { InfoHash } from "@seedfleet/bytes";
import type { ContentSource } from "@seedfleet/content";
import type { Catalog } from "@seedfleet/fleet";
import { type Metainfo, parseMetainfo } from "@seedfleet/metainfo";
import { errorCode } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { torrentUnknown } from "./errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { layoutOf } from "./layout.ts";
import type { Slots } from "./slots.ts";
import type { Loaded, TorrentContext } from "./torrent-contexts.ts";

export type LoadPorts = {
  readonly catalog: Catalog;
  readonly source: ContentSource;
  readonly log: Log;
  readonly loads: Slots;
};

/**
 * Looks a torrent up in the catalog and lists its content as it lies now: that must be what was
 * hashed. Rejects with `torrent-unknown`, `content-unreadable` or `store-busy`.
 */
export async function loadTorrent(
  { catalog, source, log, loads }: LoadPorts,
  { holder, infoHash }: { readonly holder: string; readonly infoHash: InfoHash },
): Promise<Loaded> {
  using _slot = await loads.take();
  const entry = await catalog.find(infoHash);
  if (entry?.holder !== holder) throw torrentUnknown(infoHash);
  const metainfoBytes = await catalog.metainfo(infoHash);
  const metainfo = metainfoBytes === null ? null : parseMetainfo(metainfoBytes);
  if (metainfo?.kind !== "metainfo") {
    log.error("metainfo unreadable", { infoHash, reason: metainfo?.code ?? "absent" });
    throw torrentUnknown(infoHash);
  }
  const { name, path, fingerprint } = entry;
  try {
    const listing = await source.list(path);
    if (fingerprintOf(listing) === fingerprint) {
      return { kind: "context", context: contextOf(metainfo, source.open(listing)) };
    }
  } catch (error) {
    // The source may recover; but what is missing, empty or changed is not what was hashed.
    const code = errorCode(error) ?? "";
    if (code === "content-unreadable" || !code.startsWith("content-")) throw error;
  }
  return { kind: "stale", infoHash, name, path };
}

export function contextOf(
  { infoHash, name, pieceLengthBytes, pieceCount }: Metainfo,
  content: TorrentContext["content"],
): TorrentContext {
  const layout = layoutOf(content.listing);
  return { infoHash, name, content, layout, pieceLengthBytes, pieceCount };
}
