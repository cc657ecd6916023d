import type { Counter, Meter } from "@seedfleet/telemetry";

export type PieceStoreMetrics = {
  readonly hashedBytes: Counter;
  readonly readBytes: Counter;
  /** By `outcome`: `ok`, `aborted`, or the code of the error. */
  readonly reads: Counter;
  /** By `outcome`: `hashed`, `unchanged`, `aborted`, or the code of the error. */
  readonly publishes: Counter;
};

export function pieceStoreMetrics(meter: Meter): PieceStoreMetrics {
  return {
    hashedBytes: meter.counter("seedfleet_piece_store_hashed_bytes", "Bytes of content hashed"),
    readBytes: meter.counter("seedfleet_piece_store_read_bytes", "Bytes given to gateways"),
    reads: meter.counter("seedfleet_piece_store_reads", "Requests for a piece, by outcome"),
    publishes: meter.counter("seedfleet_piece_store_publishes", "Publishes, by outcome"),
  };
}
