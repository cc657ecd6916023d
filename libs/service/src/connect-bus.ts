import { type Bus, createBus } from "@seedfleet/bus";
import {
  connectNatsBus,
  type NatsBusConfig,
  type NatsCredentials,
  type NatsTls,
} from "@seedfleet/bus-nats";
import type { Clock } from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import type { NatsOptions } from "./process-config.ts";

type ConnectPorts = {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** What NATS's operator sees for this connection. */
  readonly name: string;
};

/** The bus over NATS. Rejects with `bus-unreachable` or `bus-unauthorized`. */
export async function connectBus(options: NatsOptions, ports: ConnectPorts): Promise<Bus> {
  const { clock, telemetry, name } = ports;
  const { log } = telemetry;
  const transport = await connectNatsBus(natsBusConfig(options, name), {
    clock,
    onFault: (error) => log.error("bus refused something", { reason: error.message }),
  });
  transport.onStatus((status) => {
    if (status === "disconnected") log.warn("bus away, reconnecting");
    if (status === "connected") log.info("bus back");
  });
  return createBus(transport, { clock, telemetry });
}

/** A connection by these settings, under a name for whoever looks at NATS. */
export function natsBusConfig(options: NatsOptions, name: string): NatsBusConfig {
  return { ...options, name, credentials: credentials(options), tls: tlsOf(options) };
}

function credentials({ user, password, token }: NatsOptions): NatsCredentials | null {
  if (token !== null) return { token };
  return user === null ? null : { user, pass: password ?? "" };
}

/** Null where nothing is asked of the server; what it offers is taken all the same. */
function tlsOf(options: NatsOptions): NatsTls | null {
  const { tls = false, tlsCaFile = null, tlsCertFile = null, tlsKeyFile = null } = options;
  if (!tls && tlsCaFile === null && tlsCertFile === null) return null;
  return { caFile: tlsCaFile, certFile: tlsCertFile, keyFile: tlsKeyFile };
}
