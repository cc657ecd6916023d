import type { Counter, Meter } from "@seedfleet/telemetry";

export type PieceStoreMetrics = {
  readonly hashedBytes: Counter;
  readonly readBytes: Counter;
  /** By `outcome`: `ok`, `aborted`, or the code of the error. */
  readonly reads: Counter;
  /** Chunks that another source than the first gave. */
  readonly fallbackReads: Counter;
  /** By `outcome`: `hashed`, `unchanged`, `adopted`, `checked`, `cancelled`, or an error's code. */
  readonly ingests: Counter;
  readonly scrubbedBytes: Counter;
  readonly repairedPieces: Counter;
  /** By `outcome`: `verified`, `corrupt`, or the code of the error. */
  readonly writes: Counter;
};

export function pieceStoreMetrics(meter: Meter): PieceStoreMetrics {
  return {
    hashedBytes: meter.counter("seedfleet_piece_store_hashed_bytes", "Bytes of content hashed"),
    readBytes: meter.counter("seedfleet_piece_store_read_bytes", "Bytes given to gateways"),
    reads: meter.counter("seedfleet_piece_store_reads", "Requests for a piece, by outcome"),
    fallbackReads: meter.counter(
      "seedfleet_piece_store_fallback_reads",
      "Chunks read from a mirror because an earlier source failed",
    ),
    ingests: meter.counter("seedfleet_piece_store_ingests", "Ingest jobs ended, by outcome"),
    scrubbedBytes: meter.counter(
      "seedfleet_piece_store_scrubbed_bytes",
      "Bytes read and checked by the scrub",
    ),
    repairedPieces: meter.counter(
      "seedfleet_piece_store_repaired_pieces",
      "Bad pieces written anew from another source",
    ),
    writes: meter.counter("seedfleet_piece_store_writes", "Pieces to write, by outcome"),
  };
}
