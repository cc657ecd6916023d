import { defineStream, type StreamCall } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { count, infoHash } from "./scalars.ts";

/**
 * Bytes of one piece, or of a part of it.
 *
 * The handler's error codes: `torrent-unknown` (not held here), `piece-out-of-range`,
 * `content-changed` (the file is not what was hashed: final until it is published again),
 * `content-unreadable` (the disk failed: may be tried again), `store-busy` (try again).
 */
export type PieceRead = {
  readonly infoHash: InfoHash;
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
};

/**
 * Reads part of a piece from its holder, in chunks under the bus's payload limit. Repeatable.
 *
 * gateway → piece-store
 */
export const readPieceCall: StreamCall<"seedfleet.v1.pieces.read.{holder}", PieceRead, Uint8Array> =
  defineStream({
    subject: "seedfleet.v1.pieces.read.{holder}",
    request: z.strictObject({
      infoHash,
      piece: count,
      begin: count,
      length: z.int().min(1),
    }),
    chunk: "bytes",
    timeoutMs: 5_000,
    chunksInFlightMax: 8,
  });
