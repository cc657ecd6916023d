import {
  errors,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
} from "@nats-io/transport-node";
import { nodeResolveHost } from "@nats-io/transport-node/lib/node_transport.js";
import type { BusTransport } from "@seedfleet/bus";
import type { Clock } from "@seedfleet/runtime";
import { DirectLane } from "./direct-lane.ts";
import { DirectTransport, type LaneOptions } from "./direct-transport.ts";
import { type NatsError, unauthorized, unreachable } from "./errors.ts";
import { NatsBus } from "./nats-bus.ts";
import { RECONNECT_DEFAULTS, type ReconnectConfig, reconnectDelayMs } from "./reconnect-delay.ts";

/** How long a server may take to greet us. */
const CONNECT_TIMEOUT_MS = 5_000;

/** NATS's own. */
const INBOX = "_INBOX";

/** A server that answers no ping for two intervals is gone, even if its socket does not say so. */
const PING_INTERVAL_MS = 10_000;
const PINGS_UNANSWERED_MAX = 2;

export type NatsCredentials =
  | { readonly user: string; readonly pass: string }
  | { readonly token: string };

/** Paths of PEM files; without an authority the public ones are asked. */
export type NatsTls = {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
};

export type NatsBusConfig = {
  /** `nats://host:port`, one or more of one cluster. */
  readonly servers: readonly string[];
  /** What the server's operator sees for this connection. */
  readonly name: string;
  readonly credentials?: NatsCredentials | null;
  /** What the subjects begin with that answers come to. */
  readonly inbox?: string;
  /** Given, a server that does not encrypt is refused; null takes what it offers. */
  readonly tls?: NatsTls | null;
  readonly reconnect?: ReconnectConfig;
  /** On how many servers JetStream keeps what this connection makes; 1 where absent. */
  readonly replicas?: number;
};

export type NatsPorts = {
  readonly clock: Clock;
  /** Told what the server refuses later (`bus-permission-denied`); else it is a process warning. */
  readonly onFault?: (error: NatsError) => void;
};

/** Memory for what comes is kept while it is used so often, or it would be made anew each time. */
const TRIM_INTERVAL_MS = 10_000;

/**
 * Connects to NATS, or rejects with `bus-unreachable` or `bus-unauthorized`. Once connected it
 * reconnects for ever; meanwhile what is published is dropped, and callers are told.
 */
export async function connectNatsBus(
  config: NatsBusConfig,
  { clock, onFault = warn }: NatsPorts,
): Promise<BusTransport> {
  const { reconnect = RECONNECT_DEFAULTS, inbox = INBOX, replicas = 1 } = config;
  let attempt = 0;
  const lane = new DirectLane();
  const nats = await connectNats(config, {
    lane,
    reconnectDelayHandler: () => {
      useDirectTransport();
      attempt += 1;
      return reconnectDelayMs(reconnect, attempt - 1, Math.random());
    },
  });
  const bus = new NatsBus(nats, { clock, lane, replicas, onFault, inboxPrefix: inbox });
  const cancelTrims = clock.every(TRIM_INTERVAL_MS, () => lane.trim());
  bus.onStatus((status) => {
    if (status === "connected") attempt = 0;
    if (status === "closed") cancelTrims();
  });
  return bus;
}

/** A connection of the vendor's. Rejects as `connectNatsBus` does. */
export async function connectNats(
  { servers, name, inbox = INBOX, credentials = null, tls = null }: NatsBusConfig,
  more: Pick<LaneOptions, "lane" | "reconnect" | "reconnectDelayHandler">,
): Promise<NatsConnection> {
  useDirectTransport();
  try {
    const options: LaneOptions = {
      ...{ ...credentials, ...(tls && { tls: withoutNulls(tls) }), ...more },
      servers: [...servers],
      inboxPrefix: inbox,
      name,
      timeout: CONNECT_TIMEOUT_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: PINGS_UNANSWERED_MAX,
      maxReconnectAttempts: -1,
      // Credentials may be refused for a while, when the server's are being replaced.
      ignoreAuthErrorAbort: true,
    };
    return await NatsConnectionImpl.connect(options);
  } catch (error) {
    const addresses = servers.map(withoutCredentials);
    const refused = error instanceof errors.AuthorizationError;
    throw refused ? unauthorized(addresses, error) : unreachable(addresses, error);
  }
}

/**
 * The client has one transport for a whole process, and asks for it at each connection: whoever
 * else uses it in this process must not have the last word.
 */
function useDirectTransport(): void {
  setTransportFactory({
    factory: () => new DirectTransport(),
    dnsResolveFn: nodeResolveHost,
  });
}

function withoutNulls(files: NatsTls): Record<string, string> {
  const given = Object.entries(files).flatMap(([name, file]) =>
    file === null ? [] : [[name, file] as const],
  );
  return Object.fromEntries(given);
}

/** An address may hold a password, and an error's message goes to logs. */
export function withoutCredentials(server: string): string {
  return server.replace(/^(\w+:\/\/)?[^/]*@/, "$1");
}

function warn(error: NatsError): void {
  process.emitWarning(error);
}
