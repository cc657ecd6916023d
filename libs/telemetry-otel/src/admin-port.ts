import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { adminPortFailed } from "./errors.ts";
import { joinMetrics } from "./join-metrics.ts";
import { processMetricsText } from "./process-metrics.ts";
import type { MetricsSource } from "./start-telemetry.ts";

/** Only the machine itself may look, unless the operator says otherwise. */
const HOST_DEFAULT = "127.0.0.1";

/** A scraper sends a few hundred bytes at once; one that dawdles is none. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The version of the Prometheus text format. */
const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** `reasons` says in words what is still missing; empty when ready. */
export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] };

export type AdminPortConfig = {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
};

export type AdminPortPorts = {
  /** The telemetry of every service in the process. */
  readonly sources: readonly MetricsSource[];
  readonly ready: () => Readiness;
  /** What `/checkup` answers; without it there is none. */
  readonly checkup?: () => Promise<object>;
};

export interface AdminPort extends AsyncDisposable {
  readonly url: string;
}

/**
 * What an operator's machinery asks a process: `/healthz` (does it run), `/readyz` (may work come,
 * and if not, why not), `/metrics`; a whole fleet in one process also `/checkup`. Throws
 * `admin-port-in-use` if another process has the port.
 */
export async function startAdminPort(
  { sources, ready, checkup }: AdminPortPorts,
  { host = HOST_DEFAULT, port }: AdminPortConfig,
): Promise<AdminPort> {
  // Scrapers keep connections open; they must not hold up the end of the process.
  const server = fastify({ forceCloseConnections: true, requestTimeout: REQUEST_TIMEOUT_MS });
  server.get("/healthz", () => "ok");
  server.get("/readyz", (_request, reply) => {
    const readiness = ready();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get("/metrics", async (_request, reply) => {
    const texts = await Promise.all(sources.map((source) => source.metricsText()));
    const body = joinMetrics([await processMetricsText(), ...texts]);
    return reply.type(METRICS_CONTENT_TYPE).send(body);
  });
  if (checkup !== undefined) server.get("/checkup", () => checkup());
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw adminPortFailed({ host, port }, error);
  }
  const address = server.server.address() as AddressInfo;
  const hostInUrl = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${hostInUrl}:${address.port}`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
