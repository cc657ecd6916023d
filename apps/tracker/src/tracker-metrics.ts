import type { Meter } from "@seedfleet/telemetry";
import type { EndpointSwarms } from "./endpoint-swarms.ts";
import type { HttpListener, HttpRefusal } from "./http-listener.ts";
import type { ViolationCode } from "./violation.ts";
import type { TorrentWatch } from "./watch-torrents.ts";

export type AnswerOutcome = "answered" | ViolationCode;

export type TrackerMetrics = {
  announced(outcome: AnswerOutcome): void;
  scraped(outcome: AnswerOutcome): void;
  refused(reason: HttpRefusal): void;
};

export type Measured = {
  readonly swarms: EndpointSwarms;
  readonly torrents: TorrentWatch;
  readonly listener: HttpListener;
};

export function startTrackerMetrics(
  meter: Meter,
  { swarms, torrents, listener }: Measured,
): TrackerMetrics {
  const announces = meter.counter("seedfleet_tracker_announces", "Announces, by outcome");
  const scrapes = meter.counter("seedfleet_tracker_scrapes", "Scrapes, by outcome");
  const refusals = meter.counter("seedfleet_tracker_refusals", "HTTP requests refused, by reason");
  meter.gauge(
    "seedfleet_tracker_swarms",
    "Swarms with a peer, or that had a download completed",
    () => swarms.swarmCount,
  );
  meter.gauge("seedfleet_tracker_peers", "Peers over all swarms", () => swarms.peerCount);
  meter.gauge("seedfleet_tracker_torrents", "Torrents registered", () => torrents.count);
  meter.gauge(
    "seedfleet_tracker_connections",
    "Connections at the moment",
    () => listener.connectionCount,
  );
  return {
    announced: (outcome) => announces.add(1, { outcome }),
    scraped: (outcome) => scrapes.add(1, { outcome }),
    refused: (reason) => refusals.add(1, { reason }),
  };
}
