import type { AddressInfo } from "node:net";
import type { Bus } from "@seedfleet/bus";
import type { Presence } from "@seedfleet/contracts";
import { announcePresence, openCatalog, watchPresence } from "@seedfleet/fleet";
import { type Clock, cannotListen, errorMessage, VERSION } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import fastify, { type FastifyError } from "fastify";
import type { ConsoleConfig } from "./config.ts";
import { addPeerRoute, peerAccess } from "./peer-route.ts";
import { addRoutes, type RoutePorts } from "./routes.ts";

/** A request that is not there whole after this is a slow loris. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** A path holds an info hash and little else. */
export const REQUEST_PATH_LENGTH_MAX = 256;

export type ConsolePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
};

/** A console that has its port and nothing to show yet. */
export interface BoundConsole extends AsyncDisposable {
  /** Where people reach it. */
  readonly url: string;
  /** The port that it has. */
  readonly port: number;
  show(ports: RoutePorts, onError: (error: unknown) => void): void;
}

export interface RunningConsole extends AsyncDisposable {
  readonly url: string;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  drain(): Promise<void>;
}

/** Takes the port. Throws what `cannotListen` makes. */
export async function bindConsole(config: ConsoleConfig): Promise<BoundConsole> {
  const { host, port } = config;
  let ports: RoutePorts | null = null;
  let told: (error: unknown) => void = () => {};
  const server = fastify({
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: REQUEST_PATH_LENGTH_MAX },
  });
  addRoutes(server, () => ports);
  addPeerRoute(server, peerAccess(config), () => ports);
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ error: "the request is malformed" });
    told(error);
    return reply.code(503).send({ error: "the catalog cannot be read just now; try again" });
  });
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw cannotListen({ purpose: "the console", host, port }, error);
  }
  const own = (server.server.address() as AddressInfo).port;
  return {
    url: config.advertisedUrl ?? `http://${host.includes(":") ? `[${host}]` : host}:${own}`,
    port: own,
    show(shown, onError) {
      ports = shown;
      told = onError;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Starts the console on the port it has or takes. Throws what `cannotListen` makes. */
export async function startConsole(
  ports: ConsolePorts,
  config: ConsoleConfig & { readonly id: string },
  bound?: BoundConsole,
): Promise<RunningConsole> {
  const { bus, clock, telemetry } = ports;
  const { log } = telemetry;
  await using starting = new AsyncDisposableStack();
  const server = starting.use(bound ?? (await bindConsole(config)));
  const { url } = server;
  const catalog = await openCatalog(bus, log);
  const presence = watchPresence(ports, ["tracker", "gateway"]);
  starting.defer(() => presence.stop());
  server.show({ bus, catalog, presence, url }, (error) =>
    log.error("request failed", { reason: errorMessage(error) }),
  );

  let draining = false;
  const startedAtMs = clock.nowMs();
  const describe = (): Presence => ({
    role: "console",
    id: config.id,
    version: VERSION,
    startedAtMs,
    draining,
    load: 0,
    peerAddress: null,
    gateway: null,
    urls: [url],
  });
  const announcer = announcePresence(ports, describe);
  starting.defer(() => announcer.stop());
  log.info("console listening", { url });
  const running = starting.move();
  return {
    url,
    ready: () => ({ ready: !draining, reasons: draining ? ["draining"] : [] }),
    async drain() {
      draining = true;
      announcer.announce();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
