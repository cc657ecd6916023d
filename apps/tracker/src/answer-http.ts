import { downloadTraceId, endpointHost, endpointPort } from "@seedfleet/bytes";
import type { PeerAnnounced } from "@seedfleet/contracts";
import type { Clock } from "@seedfleet/runtime";
import type { Tracer } from "@seedfleet/telemetry";
import { type AnnounceConfig, answerAnnounce, type TrackerState } from "./answer-announce.ts";
import { answerScrape } from "./answer-scrape.ts";
import { encodeAnnounceReply } from "./encode-announce-reply.ts";
import { encodeFailure } from "./encode-failure.ts";
import { encodeScrapeReply } from "./encode-scrape-reply.ts";
import type { HttpHandler, HttpQuestion } from "./http-listener.ts";
import { type AnnounceRequest, parseAnnounce } from "./parse-announce.ts";
import { parseScrape } from "./parse-scrape.ts";
import type { TrackerMetrics } from "./tracker-metrics.ts";

export type HttpPorts = {
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly metrics: TrackerMetrics;
  readonly state: TrackerState;
  /** Tells a gateway of a leecher that was told of it. */
  readonly introduce: (gateway: string, peer: PeerAnnounced) => void;
};

/** Answers `/announce` and `/scrape`: bytes in, bytes out, and nothing awaited in between. */
export function httpHandler(ports: HttpPorts, config: AnnounceConfig): HttpHandler {
  return {
    answer(question) {
      if (question.path === "/announce") return announce(ports, config, question);
      return question.path === "/scrape" ? scrape(ports, question.query) : null;
    },
    refused: ports.metrics.refused,
  };
}

function announce(
  ports: HttpPorts,
  config: AnnounceConfig,
  { query, remoteAddress }: HttpQuestion,
): Uint8Array {
  const request = parseAnnounce(query);
  if (request.kind === "violation") {
    ports.metrics.announced(request.code);
    return encodeFailure(request);
  }
  return ports.tracer.span("announce", spanOptions(request), (span) => {
    const nowMs = ports.clock.nowMs();
    const reply = answerAnnounce(ports.state, config, { request, address: remoteAddress, nowMs });
    if (reply.kind === "violation") {
      span.set({ failure: reply.code });
      ports.metrics.announced(reply.code);
      return encodeFailure(reply);
    }
    span.set({ peers: reply.peers.length, seeders: reply.seeders, leechers: reply.leechers });
    ports.metrics.announced("answered");
    if (reply.introduction !== null) {
      const { gateway, infoHash, peer } = reply.introduction;
      const { infoHash: askedAs, peerId } = request;
      const address = { host: endpointHost(peer), port: endpointPort(peer) };
      ports.introduce(gateway, { infoHash, askedAs, peerId, address });
    }
    return encodeAnnounceReply(reply, request);
  });
}

/** The trace of the whole download: the gateways find the same id in the peer's handshake. */
function spanOptions({ infoHash, peerId, event, leftBytes }: AnnounceRequest): {
  readonly traceId: string;
  readonly attributes: Readonly<Record<string, string | number | null>>;
} {
  return { traceId: downloadTraceId(infoHash, peerId), attributes: { infoHash, event, leftBytes } };
}

function scrape({ metrics, state }: HttpPorts, query: string): Uint8Array {
  const request = parseScrape(query);
  const reply = request.kind === "violation" ? request : answerScrape(state, request);
  metrics.scraped(reply.kind === "violation" ? reply.code : "answered");
  return reply.kind === "violation" ? encodeFailure(reply) : encodeScrapeReply(reply);
}
