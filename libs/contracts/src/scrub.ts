import { type BusEvent, defineEvent } from "@seedfleet/bus";
import type { InfoHash } from "@seedfleet/bytes";
import * as z from "zod";
import { TORRENT_SOURCES_MAX } from "./catalog.ts";
import { count, infoHash, location, timestampMs } from "./scalars.ts";

/**
 * Key-value: holder → `ScrubState`, so that a scrub goes on where it stopped.
 *
 * piece-store → piece-store
 */
export const SCRUB_BUCKET = "seedfleet-scrub";

/**
 * Key-value: `{holder}.{info hash}` → `TorrentCondition`, of those with which all is not well.
 *
 * piece-store → cli
 */
export const CONDITION_BUCKET = "seedfleet-conditions";

/** What is remembered as bad of one torrent; with more the source as a whole is no good. */
export const BAD_PIECES_MAX = 4_096;

/** Where a holder's scrub of everything it holds is. */
export type ScrubState = {
  /** Counts the rounds over everything, from 1. */
  readonly round: number;
  readonly startedAtMs: number;
  /** Null while the round is under way. */
  readonly endedAtMs: number | null;
  /** The piece to be checked next; null before the first. */
  readonly at: {
    readonly infoHash: InfoHash;
    readonly location: string;
    readonly piece: number;
  } | null;
  readonly checkedBytes: number;
  readonly badPieces: number;
  readonly repairedPieces: number;
};

export type BadPiece = {
  readonly location: string;
  readonly piece: number;
  readonly foundAtMs: number;
};

/** A location at which the content is no longer what was hashed. */
export type StaleSource = {
  readonly location: string;
  /** Of the file that showed it. */
  readonly path: string;
  readonly foundAtMs: number;
};

/** What a holder does not give of one torrent: locations as a whole, and pieces. */
export type TorrentCondition = {
  readonly stale: readonly StaleSource[];
  readonly badPieces: readonly BadPiece[];
};

export const scrubState: z.ZodType<ScrubState> = z.strictObject({
  round: count,
  startedAtMs: timestampMs,
  endedAtMs: timestampMs.nullable(),
  at: z.strictObject({ infoHash, location, piece: count }).nullable(),
  checkedBytes: count,
  badPieces: count,
  repairedPieces: count,
});

export const torrentCondition: z.ZodType<TorrentCondition> = z.strictObject({
  stale: z
    .array(z.strictObject({ location, path: z.string(), foundAtMs: timestampMs }))
    .max(TORRENT_SOURCES_MAX),
  badPieces: z
    .array(z.strictObject({ location, piece: count, foundAtMs: timestampMs }))
    .max(BAD_PIECES_MAX),
});

/**
 * A piece at one location was found to be other than what was hashed, or has been repaired from
 * another source.
 *
 * piece-store → console
 */
export const pieceConditionEvent: BusEvent<
  "seedfleet.v1.pieces.condition.{holder}",
  {
    readonly infoHash: InfoHash;
    readonly location: string;
    readonly piece: number;
    readonly condition: "bad" | "repaired";
  }
> = defineEvent({
  subject: "seedfleet.v1.pieces.condition.{holder}",
  payload: z.strictObject({
    infoHash,
    location,
    piece: count,
    condition: z.enum(["bad", "repaired"]),
  }),
});
