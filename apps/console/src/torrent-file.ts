import type { InfoHash } from "@seedfleet/bytes";
import type { Catalog, PresenceWatch } from "@seedfleet/fleet";
import { parseMetainfo, v1Companion, withTrackers } from "@seedfleet/metainfo";

export type TorrentFile =
  | { readonly kind: "torrent"; readonly bytes: Uint8Array }
  | { readonly kind: "absent" }
  /** A `.torrent` without a tracker finds nobody. */
  | { readonly kind: "no-tracker" };

/** The announce URLs of every tracker that is there, those for HTTP first. */
export function announceUrls(presence: PresenceWatch): string[] {
  return announceTiers(presence).flat();
}

/**
 * All trackers know every swarm, so they are one tier (BEP 12), and for UDP another: where only TCP
 * comes through, a client would else wait for every second announce until it gives UDP up.
 */
function announceTiers(presence: PresenceWatch): string[][] {
  const urls = presence.available("tracker").flatMap((tracker) => tracker.urls);
  const ofUdp = (url: string): boolean => url.startsWith("udp:");
  return [urls.filter((url) => !ofUdp(url)), urls.filter(ofUdp)].filter(({ length }) => length > 0);
}

/**
 * How long the answer waits for a tracker to be heard of. Where the machine is so busy that they
 * are heard of late, a client would rather wait than be turned away.
 */
export const TRACKER_WAIT_MS = 5_000;

type TorrentFilePorts = { readonly catalog: Catalog; readonly presence: PresenceWatch };

/** The `.torrent` of a catalogued torrent, with the trackers of this moment. */
export async function torrentFile(
  { catalog, presence }: TorrentFilePorts,
  infoHash: InfoHash,
): Promise<TorrentFile> {
  const entry = await catalog.find(infoHash);
  const metainfo = entry === null ? null : await catalog.metainfo(infoHash);
  if (metainfo === null) return { kind: "absent" };
  if (!(await presence.soon("tracker", TRACKER_WAIT_MS))) return { kind: "no-tracker" };
  const tiers = announceTiers(presence);
  if (tiers.length === 0) return { kind: "no-tracker" };
  // Those an adopted torrent names already know its swarm; they come after the fleet's own.
  const parsed = parseMetainfo(metainfo);
  const others = parsed.kind === "metainfo" ? parsed.trackers : [];
  const bytes = withTrackers(metainfo, [...tiers, ...others]);
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
