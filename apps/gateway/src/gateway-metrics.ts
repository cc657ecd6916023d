import type { Meter } from "@seedfleet/telemetry";
import type { PieceCache } from "./blocks/piece-cache.ts";
import type { PassingStretches } from "./fills/passing-stretches.ts";
import type { PeerSide } from "./peer-side.ts";
import type { CloseReason } from "./peers/close-reason.ts";
import type { Swarms } from "./swarms/swarms.ts";

/** Counts a connection's end under its reason. */
export type CountClosed = (reason: CloseReason) => void;

export function countClosed(meter: Meter): CountClosed {
  const closed = meter.counter(
    "seedfleet_gateway_closed_connections",
    "Connections of peers that ended, by reason",
  );
  return (reason) => closed.add(1, { reason });
}

/** Counts the pieces that single leechers were told of. */
export function countOffered(meter: Meter): (pieces: number) => void {
  const offered = meter.counter(
    "seedfleet_gateway_super_seed_offers",
    "Pieces of super-seeded torrents that one leecher each was told of",
  );
  return (pieces) => offered.add(pieces);
}

type ShownParts = {
  readonly swarms: Swarms;
  readonly cache: PieceCache;
  readonly passing: PassingStretches | null;
  readonly peers: PeerSide;
};

/** What the block path counts anyway, read when somebody looks. */
export function showGateway(meter: Meter, { swarms, cache, passing, peers }: ShownParts): void {
  meter.total(
    "seedfleet_gateway_sent_bytes",
    "Bytes of blocks sent to peers",
    () => peers.sentBytes,
  );
  meter.total(
    "seedfleet_gateway_passed_bytes",
    "Bytes of content read for one peer alone and not cached",
    () => passing?.readBytes ?? 0,
  );
  meter.gauge("seedfleet_gateway_peers", "Peers connected", () => swarms.peerCount);
  meter.gauge(
    "seedfleet_gateway_unchoked_peers",
    "Peers that may download now",
    () => swarms.unchokedCount,
  );
  meter.gauge(
    "seedfleet_gateway_super_seeded_peers",
    "Leechers that are told of single pieces",
    () => swarms.superSeededCount,
  );
  meter.gauge(
    "seedfleet_gateway_cache_bytes",
    "Memory held by verified pieces",
    () => cache.byteLength,
  );
}
