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
import { count, infoHash, processId } from "./scalars.ts";

/**
 * Bytes of one piece, or of a part of it.
 *
 * The handler's error codes: `torrent-unknown` (not held here), `piece-out-of-range`,
 * `content-changed` (nothing here is what was hashed: final until it is published again),
 * `piece-corrupt` (no source here has the right bytes; only where `verify` asks),
 * `piece-absent` (not downloaded yet), `content-unreadable` (the source failed: may be tried
 * again), `store-busy` (try again).
 */
export type PieceRead = {
  readonly infoHash: InfoHash;
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
  /**
   * What came before failed its hash: the store is to check the piece's hash itself, and to give
   * it from the first source whose bytes are right.
   */
  readonly verify: boolean;
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
      verify: z.boolean(),
    }),
    chunk: "bytes",
    timeoutMs: 5_000,
    chunksInFlightMax: 8,
  });

/** A whole piece that a process has and a piece-store may fetch from it. */
export type PieceOffer = { readonly infoHash: InfoHash; readonly piece: number };

/**
 * Gives a piece that was offered in a `pieces.write`: the store fetches it, so that its bytes flow
 * under the store's own control. Repeatable while the offer stands. On a bus that passes chunks by
 * reference the store writes them from where they lie: their bytes must stay as they are until the
 * bus says that nobody reads them any more (`sent`).
 *
 * piece-store → gateway, cli
 */
export const offeredPieceCall: StreamCall<
  "seedfleet.v1.pieces.offered.{process}",
  PieceOffer,
  Uint8Array
> = defineStream({
  subject: "seedfleet.v1.pieces.offered.{process}",
  request: z.strictObject({ infoHash, piece: count }),
  chunk: "bytes",
  timeoutMs: 5_000,
  chunksInFlightMax: 8,
});

export type PieceWrite = PieceOffer & {
  /** Who gives it, by `offeredPieceCall`. */
  readonly offeredBy: string;
};

/**
 * Has a store take a piece of managed content, or of published content one that it knows to be bad.
 * `verified`: its hash is right and it is on disk, synced, or was there and not bad. `corrupt`: its
 * hash is wrong and nothing was written. Repeatable.
 *
 * The handler's error codes: `torrent-unknown` (not held here), `piece-out-of-range`,
 * `content-changed` (published files are not what was hashed), `content-unwritable` (the disk
 * failed, or published files are not to be repaired), `content-full` (the disk or a quota is full;
 * the message says how much room the torrent needs yet), `store-busy`. Whatever failed, nothing
 * counts as written.
 *
 * gateway, cli → piece-store
 */
export const writePieceCall: Call<
  "seedfleet.v1.pieces.write.{holder}",
  PieceWrite,
  { readonly outcome: "verified" | "corrupt" }
> = defineCall({
  subject: "seedfleet.v1.pieces.write.{holder}",
  request: z.strictObject({ infoHash, piece: count, offeredBy: processId }),
  reply: z.strictObject({ outcome: z.enum(["verified", "corrupt"]) }),
  timeoutMs: 30_000,
});

/**
 * A piece of managed content, or a bad one of published content, is verified and on disk.
 *
 * piece-store → gateway
 */
export const pieceVerifiedEvent: BusEvent<
  "seedfleet.v1.pieces.verified.{infoHash}",
  { readonly holder: string; readonly piece: number }
> = defineEvent({
  subject: "seedfleet.v1.pieces.verified.{infoHash}",
  payload: z.strictObject({ holder: processId, piece: count }),
});

/**
 * Which pieces of a torrent a store has, as the bytes of a bitfield (BEP 3): of content that comes
 * piece by piece those that are there, less those known as bad. Repeatable.
 *
 * The handler's error codes: `torrent-unknown` (not held here), `content-unreadable`.
 *
 * gateway → piece-store
 */
export const havePiecesCall: StreamCall<
  "seedfleet.v1.pieces.have.{holder}",
  { readonly infoHash: InfoHash },
  Uint8Array
> = defineStream({
  subject: "seedfleet.v1.pieces.have.{holder}",
  request: z.strictObject({ infoHash }),
  chunk: "bytes",
  timeoutMs: 5_000,
  chunksInFlightMax: 4,
});
