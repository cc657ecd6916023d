import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog, PresenceWatch } from "@seedfleet/fleet";
import { parseMetainfo, v1Companion, withTrackers } from "@seedfleet/metainfo";

export type TorrentFile =
  | { readonly kind: "torrent"; readonly bytes: Uint8Array }
  | { readonly kind: "absent" }
  /** A `.torrent` without a tracker finds nobody. */
  | { readonly kind: "no-tracker" };

/** The announce URLs of every tracker that is there: one tier, since all know every swarm. */
export function announceUrls(presence: PresenceWatch): string[] {
  return presence.available("tracker").flatMap(({ urls }) => urls);
}

type TorrentFilePorts = { readonly catalog: Catalog; readonly presence: PresenceWatch };

/** The `.torrent` of a catalogued torrent, with the trackers of this moment. */
export async function torrentFile(
  { catalog, presence }: TorrentFilePorts,
  infoHash: InfoHash,
): Promise<TorrentFile> {
  const entry = await catalog.find(infoHash);
  const metainfo = entry === null ? null : await catalog.metainfo(infoHash);
  if (metainfo === null) return { kind: "absent" };
  const trackers = announceUrls(presence);
  if (trackers.length === 0) return { kind: "no-tracker" };
  // Those an adopted torrent names already know its swarm; they come after the fleet's own.
  const parsed = parseMetainfo(metainfo);
  const others = parsed.kind === "metainfo" ? parsed.trackers : [];
  const bytes = withTrackers(metainfo, [trackers, ...others]);
  return bytes instanceof Uint8Array ? { kind: "torrent", bytes } : { kind: "absent" };
}

/** The same for clients that cannot open a hybrid; of another torrent, the file itself. */
export async function v1TorrentFile(
  ports: TorrentFilePorts,
  infoHash: InfoHash,
): Promise<TorrentFile> {
  const found = await torrentFile(ports, infoHash);
  if (found.kind !== "torrent") return found;
  return { kind: "torrent", bytes: v1Companion(found.bytes) ?? found.bytes };
}
