import assert from "node:assert/strict";

/** Each is looked at on every turn, and nobody keeps more kinds of torrents apart. */
export const UPLOAD_CLASSES_MAX = 16;

/** Of the gateway's limit, to all classes together: what is left keeps the others from starving. */
export const PROMISED_SHARE_MAX = 0.9;

export type GatewayLimits = {
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
  /** The share of the limit that each class, by its name, gets at least while it has demand. */
  readonly promises: Readonly<Record<string, number>>;
};

export type TorrentLimits = {
  /** Of all its peers together; null is no limit. */
  readonly uploadBytesPerSecond: number | null;
  /** The class that it belongs to, or null for none. */
  readonly uploadClass: string | null;
};

export type PeerLimits = {
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
};

export function assertPromises(promises: GatewayLimits["promises"]): void {
  const shares = Object.values(promises);
  assert(shares.length <= UPLOAD_CLASSES_MAX);
  assert(shares.every((share) => share >= 0));
  // Tenths do not add up exactly.
  assert(shares.reduce((sum, share) => sum + share, 0) <= PROMISED_SHARE_MAX + 1e-9);
}
