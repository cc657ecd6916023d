import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog, PresenceWatch } from "@seedfleet/fleet";
import { withTrackers } from "@seedfleet/metainfo";

export type TorrentFile =
  | { readonly kind: "torrent"; readonly bytes: Uint8Array }
  | { readonly kind: "absent" }
  /** A `.torrent` without a tracker finds nobody. */
  | { readonly kind: "no-tracker" };

/** The announce URLs of every tracker that is there: one tier, since all know every swarm. */
export function announceUrls(presence: PresenceWatch): string[] {
  return presence.available("tracker").flatMap(({ urls }) => urls);
}

/** The `.torrent` of a catalogued torrent, with the trackers of this moment. */
export async function torrentFile(
  { catalog, presence }: { readonly catalog: Catalog; readonly presence: PresenceWatch },
  infoHash: InfoHash,
): Promise<TorrentFile> {
  const entry = await catalog.find(infoHash);
  const metainfo = entry === null ? null : await catalog.metainfo(infoHash);
  if (metainfo === null) return { kind: "absent" };
  const trackers = announceUrls(presence);
  if (trackers.length === 0) return { kind: "no-tracker" };
  const bytes = withTrackers(metainfo, [trackers]);
  return bytes instanceof Uint8Array ? { kind: "torrent", bytes } : { kind: "absent" };
}
