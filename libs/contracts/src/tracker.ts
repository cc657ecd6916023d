import {
  type BusEvent,
  type Call,
  defineCall,
  defineEvent,
  defineStream,
  type StreamCall,
} from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { count, infoHash, processId, timestampMs } from "./scalars.ts";

/**
 * Announces that a tracker took, in a batch of bytes (`apps/tracker/src/replicas/delta-batch.ts`),
 * a few times a second while other trackers are there. Batches are numbered: who misses some asks
 * for them. An empty one says the last number, so that a loss at the end is noticed too.
 *
 * tracker → tracker
 */
export const trackerDeltaEvent: BusEvent<"seedfleet.v1.tracker.delta.{tracker}", Uint8Array> =
  defineEvent({ subject: "seedfleet.v1.tracker.delta.{tracker}", payload: "bytes" });

/** Batches of one start of a tracker by number, the first and the last of them. */
export type ReplayRequest = {
  /** 16 hex digits, as in its batches. */
  readonly origin: string;
  readonly from: number;
  readonly to: number;
};

/**
 * Sends batches once more that somebody missed, one a chunk, each with its age. Repeatable: whoever
 * knows a batch ignores it.
 *
 * The handler's error codes: `batches-gone` (not all of them are there any more: a snapshot has),
 * `origin-gone` (the tracker of that name has been started again).
 *
 * tracker → tracker
 */
export const trackerReplayCall: StreamCall<
  "seedfleet.v1.tracker.replay.{tracker}",
  ReplayRequest,
  Uint8Array
> = defineStream({
  subject: "seedfleet.v1.tracker.replay.{tracker}",
  request: z.strictObject({
    origin: z.string().regex(/^[0-9a-f]{16}$/),
    from: count,
    to: count,
  }),
  chunk: "bytes",
  timeoutMs: 5_000,
  chunksInFlightMax: 16,
});

/**
 * Sends every peer of every swarm that a tracker has, and up to which number it has the batches of
 * which tracker (`apps/tracker/src/replicas/snapshot-chunk.ts`). Repeatable.
 *
 * tracker → tracker
 */
export const trackerSnapshotCall: StreamCall<
  "seedfleet.v1.tracker.snapshot.{tracker}",
  Record<string, never>,
  Uint8Array
> = defineStream({
  subject: "seedfleet.v1.tracker.snapshot.{tracker}",
  request: z.strictObject({}),
  chunk: "bytes",
  timeoutMs: 5_000,
  chunksInFlightMax: 16,
});

/** Torrents of one question: as many as gateways tell each other of. */
export const TRACKER_SIZES_MAX = 2_048;

/**
 * How many leechers and seeders trackers know of these torrents, without the gateways. Any of them
 * is asked: they know the same. Repeatable.
 *
 * gateway → tracker
 */
export const trackerSizesCall: Call<
  "seedfleet.v1.tracker.sizes",
  { readonly infoHashes: readonly InfoHash[] },
  {
    /** In the order of the torrents. */
    readonly sizes: readonly (readonly [leechers: number, seeders: number])[];
  }
> = defineCall({
  subject: "seedfleet.v1.tracker.sizes",
  request: z.strictObject({ infoHashes: z.array(infoHash).max(TRACKER_SIZES_MAX) }),
  reply: z.strictObject({ sizes: z.array(z.tuple([count, count])).max(TRACKER_SIZES_MAX) }),
  timeoutMs: 2_000,
});

/**
 * Key-value: user id → `TrackerUser`: who may announce to a private tracker.
 *
 * tracker → tracker, cli
 */
export const TRACKER_USER_BUCKET = "seedfleet-tracker-users";

/**
 * Key-value: user id → `TrackerTotals`: what each user's clients said they moved.
 *
 * tracker → tracker, cli
 */
export const TRACKER_TOTALS_BUCKET = "seedfleet-tracker-totals";

/** Somebody who may announce to a private tracker. */
export type TrackerUser = {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the passkey in hex: who reads the bucket cannot announce by it. */
  readonly passkeyHash: string;
  readonly createdAtMs: number;
  /** Null of one that may announce. */
  readonly revokedAtMs: number | null;
};

export type TrackerTotals = { readonly uploadedBytes: number; readonly downloadedBytes: number };

export const trackerUser: z.ZodType<TrackerUser> = z.strictObject({
  id: processId,
  name: z.string().min(1).max(128),
  passkeyHash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAtMs: timestampMs,
  revokedAtMs: timestampMs.nullable(),
});

export const trackerTotals: z.ZodType<TrackerTotals> = z.strictObject({
  uploadedBytes: count,
  downloadedBytes: count,
});
