import { openAnnouncedSeeds, openBudgets, openCatalog, openMirrors } from "@seedfleet/fleet";
import { advertisedOf } from "./advertised-table.ts";
import type { GatewayConfig } from "./config.ts";
import { Gateway } from "./gateway.ts";
import { listenForPeers, type PeerServer } from "./peers/peer-server.ts";
import type { GatewayPorts, NamedGatewayConfig, RunningGateway } from "./running-gateway.ts";

/** A gateway that has its port and lets peers wait. */
export type BoundGateway = PeerServer;

/** Takes the port. Throws what `cannotListen` makes. */
export function bindGateway(config: GatewayConfig): Promise<BoundGateway> {
  const at = { host: config.host, port: config.peerPort };
  const { workers, nearRoundTripMs } = config;
  return listenForPeers(at, { shared: workers > 1, nearRoundTripMs });
}

/** Starts a gateway on the port it has or takes; a start that fails gives the port back. */
export async function startGateway(
  ports: GatewayPorts,
  config: NamedGatewayConfig,
  bound?: BoundGateway,
): Promise<RunningGateway> {
  const server = bound ?? (await bindGateway(config));
  try {
    const { log } = ports.telemetry;
    const catalog = await openCatalog(ports.bus, log);
    const budgets = await (await openBudgets(ports.bus, log)).watch();
    const mirrors = await openMirrors(ports.bus, log);
    const mirrorWatch = await mirrors.watch(() => {});
    const announced = await openAnnouncedSeeds(ports.bus, log);
    const announcedWatch = await announced.watch(() => {});
    const watches = { budgets, mirrorWatch, announcedWatch };
    const opened = { ...ports, server, catalog, mirrors, announced, ...watches };
    const gateway = new Gateway(opened, await advertisedOf(config));
    await gateway.handOver();
    return gateway;
  } catch (error) {
    server.close();
    throw error;
  }
}
