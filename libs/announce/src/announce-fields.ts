import type { InfoHash, PeerId } from "@seedfleet/bytes";

/** `paused` is said by a partial seed each time (BEP 21). */
export type AnnounceEvent = "started" | "completed" | "stopped" | "paused";

/** What a client tells a tracker. */
export type AnnounceFields = {
  readonly infoHash: InfoHash;
  readonly peerId: PeerId;
  /** Where it listens. */
  readonly port: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Null before it has the metainfo. */
  readonly leftBytes: number | null;
  /** Null for the announce of every interval. */
  readonly event: AnnounceEvent | null;
  readonly numWant: number;
  /** By which a tracker knows a client again whose address has changed: 32 bits. */
  readonly key: number;
  /** What the tracker gave to be sent back; over HTTP only. */
  readonly trackerId: Uint8Array | null;
};

/** Said to be left while nobody knows: anything but 0, which would make a seed of us. */
const LEFT_UNKNOWN_BYTES = 16_384;

export function leftToSay({ leftBytes }: AnnounceFields): number {
  return leftBytes ?? LEFT_UNKNOWN_BYTES;
}
