import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, whenReady } from "../admin-port.ts";
import { BenchProcess } from "../bench-process.ts";
import type { FleetNats } from "./fleet-nats.ts";

const APPS = fileURLToPath(new URL("../../../apps", import.meta.url));

/** A piece-store that holds a million torrents reads the whole catalog before it is ready. */
const READY_MS_MAX = 1_800_000;

export type ServiceRole = "tracker" | "gateway" | "piece-store" | "choking-scheduler" | "console";

/** A service of the fleet as a process of its own. */
export interface FleetService extends AsyncDisposable {
  readonly role: ServiceRole;
  readonly pid: number;
  readonly adminPort: number;
}

export type ServiceSettings = {
  readonly nats: FleetNats;
  readonly id: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts it, and resolves when it says that it is ready. */
export async function startService(
  role: ServiceRole,
  { nats, id, env }: ServiceSettings,
  running: AsyncDisposableStack,
): Promise<FleetService> {
  const adminPort = await freePort();
  const command = {
    name: role,
    program: process.execPath,
    args: [join(APPS, role, "src/main.ts")],
    env: {
      SEEDFLEET_ADMIN_PORT: String(adminPort),
      SEEDFLEET_ID: id,
      SEEDFLEET_LOG_LEVEL: "warn",
      SEEDFLEET_NATS_URL: nats.url,
      ...env,
    },
  };
  const child = BenchProcess.start(command, running);
  // It tells its admin port and nobody else; the event only fails when it ends.
  const ended = child.event("never told", READY_MS_MAX);
  ended.catch(() => {});
  await Promise.race([whenReady(adminPort), ended]);
  return {
    role,
    pid: child.pid,
    adminPort,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

export interface FleetGateway extends FleetService {
  readonly host: string;
  readonly port: number;
}

/** A gateway, which takes as many peers from one address as it takes at all. */
export async function startGateway(
  { peersMax, env, ...settings }: ServiceSettings & { readonly peersMax: number },
  running: AsyncDisposableStack,
): Promise<FleetGateway> {
  const host = "127.0.0.1";
  const port = await freePort();
  const limits = {
    SEEDFLEET_GATEWAY_HOST: host,
    SEEDFLEET_GATEWAY_PEER_PORT: String(port),
    SEEDFLEET_GATEWAY_PEERS_MAX: String(peersMax),
    SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX: String(peersMax),
  };
  const service = await startService(
    "gateway",
    { ...settings, env: { ...limits, ...env } },
    running,
  );
  return { ...service, host, port };
}
