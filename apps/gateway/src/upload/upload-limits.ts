import type { CatalogEntry } from "@seedfleet/contracts";
import type { GatewayLimits, LimitDemand, PeerLimits, TorrentLimits } from "@seedfleet/egress";
import type { Torrent } from "../torrents/torrent.ts";

/** The settings of a gateway's upload; null is no limit. */
export type UploadSettings = {
  readonly uploadBytesPerSecond: number | null;
  readonly torrentUploadBytesPerSecond: number | null;
  readonly peerUploadBytesPerSecond: number | null;
  /** The share of the gateway's limit that each class gets at least while it has demand. */
  readonly uploadPromises: Readonly<Record<string, number>>;
};

/** The gateway's parts of the fleet's budgets, in bytes a second. */
export type UploadParts = {
  /** Null where the fleet has no budget. */
  readonly gateway: number | null;
  /** Of the classes whose label has a budget. */
  readonly classes: Readonly<Record<string, number>>;
  /** Of torrents with a budget; one that is not named has nothing of its budget yet. */
  readonly torrents: ReadonlyMap<Torrent, number>;
};

/** What was wanted of each limit lately. */
export type GatewayDemand = {
  readonly gateway: LimitDemand;
  /** Of classes that are limited. */
  readonly classes: ReadonlyMap<string, LimitDemand>;
  /** Of torrents that have a budget and peers. */
  readonly torrents: ReadonlyMap<Torrent, LimitDemand>;
};

/** What one thread has of a torrent's limits. */
export type TorrentPart = {
  /** Of the limit that holds at each gateway. */
  readonly share: number;
  /** Of the torrent's budget, if it has one. */
  readonly budgetBytesPerSecond: number;
};

export const NO_PARTS: UploadParts = { gateway: null, classes: {}, torrents: new Map() };

export const NO_DEMAND: LimitDemand = { wantedBytesPerSecond: 0, activePeers: 0 };

export function gatewayLimits(
  { uploadBytesPerSecond, uploadPromises: promises }: UploadSettings,
  { gateway, classes: classLimits }: UploadParts,
): GatewayLimits {
  return { uploadBytesPerSecond: least(uploadBytesPerSecond, gateway), promises, classLimits };
}

/** What the catalog says of a torrent comes before the settings. */
export function torrentLimits(
  { torrentUploadBytesPerSecond: ofSettings }: UploadSettings,
  { upload }: Pick<CatalogEntry, "upload">,
  { share, budgetBytesPerSecond }: TorrentPart,
): TorrentLimits {
  const limit = upload?.bytesPerSecond ?? ofSettings;
  const measured = upload?.fleetBytesPerSecond !== undefined;
  return {
    uploadBytesPerSecond: least(
      limit === null ? null : limit * share,
      measured ? budgetBytesPerSecond : null,
    ),
    uploadClass: upload?.class ?? null,
    measured,
  };
}

/** Whether all peers of a torrent together are limited. */
export function isTorrentLimited(
  { torrentUploadBytesPerSecond }: UploadSettings,
  { upload }: Pick<CatalogEntry, "upload">,
): boolean {
  const limit = upload?.bytesPerSecond ?? torrentUploadBytesPerSecond;
  return limit !== null || upload?.fleetBytesPerSecond !== undefined;
}

export function peerLimits({ peerUploadBytesPerSecond }: UploadSettings): PeerLimits {
  return { uploadBytesPerSecond: peerUploadBytesPerSecond };
}

/** Null is no limit. */
function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
