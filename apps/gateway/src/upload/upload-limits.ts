import type { CatalogEntry } from "@seedfleet/contracts";
import type { GatewayLimits, PeerLimits, TorrentLimits } from "@seedfleet/egress";

/** The settings of a gateway's upload; null is no limit. */
export type UploadSettings = {
  readonly uploadBytesPerSecond: number | null;
  readonly torrentUploadBytesPerSecond: number | null;
  readonly peerUploadBytesPerSecond: number | null;
  /** The share of the gateway's limit that each class gets at least while it has demand. */
  readonly uploadPromises: Readonly<Record<string, number>>;
};

export function gatewayLimits({
  uploadBytesPerSecond,
  uploadPromises: promises,
}: UploadSettings): GatewayLimits {
  return { uploadBytesPerSecond, promises };
}

/** What the catalog says of a torrent comes before the settings. `part` of it is this thread's. */
export function torrentLimits(
  { torrentUploadBytesPerSecond: ofSettings }: UploadSettings,
  { upload }: Pick<CatalogEntry, "upload">,
  part = 1,
): TorrentLimits {
  const limit = upload?.bytesPerSecond ?? ofSettings;
  return {
    uploadBytesPerSecond: limit === null ? null : limit * part,
    uploadClass: upload?.class ?? null,
  };
}

export function peerLimits({ peerUploadBytesPerSecond }: UploadSettings): PeerLimits {
  return { uploadBytesPerSecond: peerUploadBytesPerSecond };
}
