import type { Labels, Meter } from "@seedfleet/telemetry";
import type { ReplicaHub } from "./replicas/replica-hub.ts";
import type { Replicas } from "./replicas/replicas.ts";

/**
 * What the replicas count anyway, read when it is scraped: an announce pays nothing for it. Of
 * replicas in threads it is a second old.
 */
export function startTrackerMetrics(
  meter: Meter,
  { replicas, hub }: { readonly replicas: Replicas; readonly hub: ReplicaHub },
): void {
  meter.totals("seedfleet_tracker_announces", "Announces, by protocol and outcome", () => {
    const { httpAnnounces, udpAnnounces, udpRefusals } = replicas.counts;
    return [
      ...labelled(httpAnnounces, "outcome", { protocol: "http" }),
      [{ protocol: "udp", outcome: "answered" }, udpAnnounces] as const,
      ...labelled(udpRefusals, "outcome", { protocol: "udp" }),
    ];
  });
  meter.totals("seedfleet_tracker_scrapes", "Scrapes, by protocol and outcome", () => {
    const { httpScrapes, udpScrapes } = replicas.counts;
    return [
      ...labelled(httpScrapes, "outcome", { protocol: "http" }),
      [{ protocol: "udp", outcome: "answered" }, udpScrapes] as const,
    ];
  });
  meter.totals("seedfleet_tracker_refusals", "HTTP requests refused, by reason", () =>
    labelled(replicas.counts.httpRefusals, "reason", {}),
  );
  meter.totals("seedfleet_tracker_silences", "UDP packets not answered, by reason", () =>
    labelled(replicas.counts.udpSilences, "reason", {}),
  );
  meter.total(
    "seedfleet_tracker_lost_batches",
    "Times that announces of another tracker were lost with it",
    () => hub.lostBatches,
  );
  const gauge = (name: string, description: string, read: () => number): void =>
    meter.gauge(`seedfleet_tracker_${name}`, description, read);
  gauge("swarms", "Swarms with a peer, or that had one completed", () => replicas.counts.swarms);
  gauge("peers", "Peers over all swarms", () => replicas.counts.peers);
  gauge("torrents", "Torrents registered", () => replicas.counts.torrents);
  gauge("connections", "Connections at the moment", () => replicas.counts.connections);
  gauge("store_bytes", "Memory of the peers of all threads", () => replicas.counts.storeBytes);
}

function labelled(
  counts: Readonly<Record<string, number>>,
  name: string,
  others: Labels,
): readonly (readonly [Labels, number])[] {
  return Object.entries(counts).map(([value, count]) => [{ ...others, [name]: value }, count]);
}
