import type { Bus } from "@seedfleet/bus";
import { downloadTraceId } from "@seedfleet/bytes";
import { peerAnnouncedEvent } from "@seedfleet/contracts";
import type { Tracer } from "@seedfleet/telemetry";
import type { NotedAnnounce } from "./replicas/replica-messages.ts";

/**
 * Makes a span of an announce, in the trace of the whole download (a gateway finds the same id in
 * the peer's handshake), and tells a gateway of a leecher that was told of it. While the bus is
 * away nobody is told: the leecher knows the gateway all the same.
 */
export function noteAnnounce(
  { bus, tracer }: { readonly bus: Bus; readonly tracer: Tracer },
  { infoHash, peerId, introduction, ...attributes }: NotedAnnounce,
): void {
  const options = {
    traceId: downloadTraceId(infoHash, peerId),
    attributes: { infoHash, ...attributes },
  };
  tracer.span("announce", options, () => {
    if (introduction === null || bus.status !== "connected") return;
    const { gateway, peer } = introduction;
    bus.publish(peerAnnouncedEvent, { gateway }, peer);
  });
}
