import { contentUnreadable } from "@seedfleet/content";
import { errorCode } from "@seedfleet/runtime";
import { torrentUnknown } from "../errors.ts";
import type { TorrentContext } from "./load-torrent.ts";
import type { TorrentConditions } from "./torrent-conditions.ts";
import type { TorrentSource } from "./torrent-source.ts";

/**
 * A source that has not answered by then is not waited for alone: with a chunk of 16 MiB that is
 * one of 8 MB/s. It leaves as much again for the next source before an asker gives up.
 */
export const HEDGE_MS = 2_000;

/**
 * What is not resting comes first. Where all are and another store has the torrent too, nobody is
 * kept waiting here: throws `content-unreadable`.
 */
export function inTurn(context: TorrentContext, nowMs: number): readonly TorrentSource[] {
  const { infoHash, sources, isElsewhere } = context;
  const well = sources.filter((source) => !source.isResting(nowMs));
  const resting = sources.filter((source) => source.isResting(nowMs));
  const first = well.find(({ isStale }) => !isStale);
  if (isElsewhere && first === undefined && resting.some(({ isStale }) => !isStale)) {
    throw contentUnreadable(`torrent ${infoHash}`, "its sources here failed a moment ago");
  }
  first?.takeTurn(nowMs);
  return [...well, ...resting];
}

type Failure = {
  readonly context: TorrentContext;
  readonly source: TorrentSource;
  readonly error: unknown;
};

/** Remembers what a failure says of the source, and tells it once. Gives what the asker is told. */
export function noteFailure(
  conditions: TorrentConditions,
  { context, source, error }: Failure,
): unknown {
  const { location } = source;
  const code = errorCode(error);
  if (source.refuseIfChanged(error)) {
    conditions.wentStale(context, location, source.stalePath ?? location);
  } else if (code !== null && !UNTOLD.has(code)) {
    source.rest(conditions.clock.nowMs());
    conditions.wentUnreadable(context, location, error);
  }
  return code === "path-outside-roots" ? torrentUnknown(context.infoHash) : error;
}

/** What is no fault of the source, or is told otherwise. */
const UNTOLD: ReadonlySet<string> = new Set([
  "content-changed",
  "piece-absent",
  "piece-corrupt",
  "store-busy",
]);

/** What another try of the same source cannot mend. */
const FINAL: ReadonlySet<string | null> = new Set([
  "content-changed",
  "piece-absent",
  "piece-corrupt",
  "torrent-unknown",
]);

/** Of several failures that which another try may mend. */
export function mostHopeful(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const failures: readonly unknown[] = error.errors;
  return (
    failures.find((failure) => !FINAL.has(errorCode(failure))) ??
    failures.find(isCorrupt) ??
    failures[0]
  );
}

function isCorrupt(error: unknown): boolean {
  return errorCode(error) === "piece-corrupt";
}
