import { type Call, defineCall, defineStream, type StreamCall } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { count, infoHash } from "./scalars.ts";

export type PreheatRequest = {
  /** The torrent's, or an alias. */
  readonly infoHash: InfoHash;
  /** The first and the last piece to bring; null is the whole torrent. */
  readonly pieces: { readonly first: number; readonly last: number } | null;
};

/** How far a preheat is; the last one that comes is what it came to. */
export type PreheatProgress = {
  /** What is to be in the cache: as much of what was asked for, from its start, as fits. */
  readonly wantedPieces: number;
  readonly wantedBytes: number;
  /** Pieces asked for that the cache has no room for. */
  readonly leftOutPieces: number;
  /** Read for this from a piece-store. */
  readonly broughtPieces: number;
  readonly broughtBytes: number;
  /** They were there already. */
  readonly cachedPieces: number;
  /** Their bytes cannot be had, or not now. */
  readonly missingPieces: number;
};

/**
 * Brings pieces of a torrent into a gateway's cache before peers ask for them, behind what peers
 * ask for, and tells how far it is each second and at the end. It stops when the asker goes.
 * Repeatable: what is there already is not brought again.
 *
 * The handler's error codes: `torrent-unknown`, `torrent-unreadable` (no catalog, or bad metainfo),
 * `piece-out-of-range`, `gateway-busy` (with another preheat), `gateway-draining`.
 *
 * cli → gateway
 */
export const preheatCall: StreamCall<
  "seedfleet.v1.gateway.{gateway}.preheat",
  PreheatRequest,
  PreheatProgress
> = defineStream({
  subject: "seedfleet.v1.gateway.{gateway}.preheat",
  request: z.strictObject({
    infoHash,
    pieces: z.strictObject({ first: count, last: count }).nullable(),
  }),
  chunk: z.strictObject({
    wantedPieces: count,
    wantedBytes: count,
    leftOutPieces: count,
    broughtPieces: count,
    broughtBytes: count,
    cachedPieces: count,
    missingPieces: count,
  }),
  timeoutMs: 5_000,
  chunksInFlightMax: 8,
});

/**
 * Has the process of a gateway drain and end, as SIGTERM does. The answer, with the peers that are
 * still connected, comes at once. Repeatable: once nobody answers, the gateway is gone.
 *
 * cli → gateway
 */
export const drainCall: Call<
  "seedfleet.v1.gateway.{gateway}.drain",
  Record<string, never>,
  { readonly peers: number }
> = defineCall({
  subject: "seedfleet.v1.gateway.{gateway}.drain",
  request: z.strictObject({}),
  reply: z.strictObject({ peers: count }),
  timeoutMs: 2_000,
});
