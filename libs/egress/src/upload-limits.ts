import assert from "node:assert/strict";

/**
 * Classes that are promised something, and as many that are limited: each is looked at on every
 * turn, and nobody keeps more kinds of torrents apart.
 */
export const UPLOAD_CLASSES_MAX = 16;

/** Of the gateway's limit, to all classes together: what is left keeps the others from starving. */
export const PROMISED_SHARE_MAX = 0.9;

export type GatewayLimits = {
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
  /** The share of the limit that each class, by its name, gets at least while it has demand. */
  readonly promises: Readonly<Record<string, number>>;
  /** What the torrents of each class, by its name, are sent a second at most, all together. */
  readonly classLimits?: Readonly<Record<string, number>>;
};

export type TorrentLimits = {
  /** Of all its peers together; null is no limit. */
  readonly uploadBytesPerSecond: number | null;
  /** The class that it belongs to, or null for none. */
  readonly uploadClass: string | null;
  /** Whether `demand` is to tell what the torrent wants of its limit. */
  readonly measured?: boolean;
};

export type PeerLimits = {
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
};

export function assertClasses({ promises, classLimits = {} }: GatewayLimits): void {
  assert(Object.keys(classLimits).length <= UPLOAD_CLASSES_MAX);
  const shares = Object.values(promises);
  assert(shares.length <= UPLOAD_CLASSES_MAX);
  assert(shares.every((share) => share >= 0));
  // Tenths do not add up exactly.
  assert(shares.reduce((sum, share) => sum + share, 0) <= PROMISED_SHARE_MAX + 1e-9);
}
