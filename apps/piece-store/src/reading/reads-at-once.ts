import assert from "node:assert/strict";
import type { AtOnce, Landing } from "@seedfleet/bus";
import { placesLength } from "@seedfleet/bytes";
import type { PieceRead } from "@seedfleet/contracts";
import type { PieceStoreMetrics } from "../metrics.ts";
import { lengthOf } from "./chunk-read.ts";
import type { SourceReads } from "./source-reads.ts";
import type { TorrentContexts } from "./torrent-contexts.ts";

export type PieceLanding = Landing<PieceRead>;

type AtOncePorts = {
  readonly contexts: TorrentContexts;
  readonly reads: SourceReads;
  readonly metrics: Pick<PieceStoreMetrics, "readBytes">;
};

/**
 * Reads for a gateway in this process what can be had without waiting: of a torrent that is being
 * read anyway, from the source that is asked first. In every other case it is asked for as always,
 * and then whatever stands against it is told.
 */
export function readsAtOnce({ contexts, reads, metrics }: AtOncePorts): AtOnce<PieceRead> {
  return ({ infoHash, piece, begin, length, verify }, parts) => {
    assert(placesLength(parts) === length);
    const context = contexts.current(infoHash);
    if (verify || context === null || piece >= context.pieceCount) return false;
    if (begin + length > lengthOf(context, piece)) return false;
    const isRead = reads.readAtOnce(context, { piece, begin, length }, parts);
    if (isRead) metrics.readBytes.add(length);
    return isRead;
  };
}
