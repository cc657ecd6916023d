import type { Meter } from "@seedfleet/telemetry";
import type { MetadataEnd } from "./metadata-peer.ts";

/** How a fetch ended. */
export type FetchOutcome = "fetched" | "without-layers" | "unusable" | "stopped";

/** What is counted of all fetches of a process. */
export type MetadataMetrics = {
  readonly fetched: (outcome: FetchOutcome) => void;
  readonly left: (reason: MetadataEnd) => void;
};

export function metadataMetrics(meter: Meter): MetadataMetrics {
  const fetches = meter.counter(
    "seedfleet_gateway_metadata_fetches",
    "Torrents whose metadata was asked of peers, by outcome",
  );
  const peers = meter.counter(
    "seedfleet_gateway_metadata_peers",
    "Peers that were dialled for metadata, by why their connection ended",
  );
  return {
    fetched: (outcome) => fetches.add(1, { outcome }),
    left: (reason) => peers.add(1, { reason }),
  };
}
