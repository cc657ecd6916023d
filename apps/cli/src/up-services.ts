import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { startChokingScheduler } from "@seedfleet/choking-scheduler/service";
import { bindConsole, type RunningConsole, startConsole } from "@seedfleet/console/service";
import type { FleetCheckup } from "@seedfleet/contracts";
import { anyTorrent, checkFleet } from "@seedfleet/fleet";
import { bindGateway, type RunningGateway, startGateway } from "@seedfleet/gateway/service";
import { startPieceStore } from "@seedfleet/piece-store/service";
import { type Clock, systemRng, VERSION } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { type RunningTelemetry, startAdminPort, startTelemetry } from "@seedfleet/telemetry-otel";
import { bindTracker, type RunningTracker, startTracker } from "@seedfleet/tracker/service";
import type { DataDirectory } from "./data-directory.ts";
import type { UpConfig } from "./up-config.ts";

export type UpServices = {
  readonly bus: Bus;
  readonly tracker: RunningTracker;
  readonly gateway: RunningGateway;
  readonly console: RunningConsole;
  readonly adminUrl: string;
};

export type BoundPorts = {
  readonly gateway: Awaited<ReturnType<typeof bindGateway>>;
  readonly tracker: Awaited<ReturnType<typeof bindTracker>>;
  readonly console: Awaited<ReturnType<typeof bindConsole>>;
};

/** Takes every port before anything is written: a port in use must leave nothing behind. */
export async function bindPorts(
  config: UpConfig,
  running: AsyncDisposableStack,
): Promise<BoundPorts> {
  const gateway = running.use(await bindGateway(config.gateway));
  const tracker = running.use(await bindTracker(config.tracker));
  const console = running.use(await bindConsole(config.console));
  return { gateway, tracker, console };
}

export type UpPlace = {
  readonly clock: Clock;
  readonly bound: BoundPorts;
  readonly dataDirectory: DataDirectory;
  readonly embedded: boolean;
  /** What the piece-store may read. */
  readonly roots: readonly string[];
  readonly origins: readonly string[];
  /** Has this process drain and end, as a signal does. */
  readonly requestStop: () => void;
};

/**
 * Starts the five services in this process, each with its own telemetry, talking over one bus. They
 * stop in reverse, so that the gateway is the first to go and the bus the last.
 */
export async function startServices(
  config: UpConfig,
  place: UpPlace,
  running: AsyncDisposableStack,
): Promise<UpServices> {
  const { clock, bound, dataDirectory, roots, origins, requestStop } = place;
  const { id } = dataDirectory;
  const telemetries: RunningTelemetry[] = [];
  const ports = (service: string) => {
    const { logLevel, otlpUrl, traceRatio } = config.process;
    const telemetry = running.use(
      startTelemetry({
        service,
        version: VERSION,
        instanceId: id,
        logLevel,
        otlpUrl,
        sampleRatio: traceRatio,
      }),
    );
    telemetries.push(telemetry);
    return { clock, telemetry };
  };
  const own = ports("up");
  const bus = place.embedded
    ? createBus(openEmbeddedBus({ file: dataDirectory.busFile }), own)
    : await connectBus(config.process.nats, { ...own, name: `up-${id}` });
  running.defer(() => bus.close());

  const store = { ...ports("piece-store"), bus };
  const managedRoot = config.pieceStore.managedRoot ?? dataDirectory.managedRoot;
  const storeConfig = { ...config.pieceStore, id, roots, origins, managedRoot };
  const pieceStore = running.use(await startPieceStore(store, storeConfig));
  const scheduler = running.use(
    await startChokingScheduler({ ...ports("choking-scheduler"), bus }, { id }),
  );
  const tracker = running.use(
    await startTracker(
      { ...ports("tracker"), bus, rng: systemRng, alone: place.embedded },
      { ...config.tracker, id },
      bound.tracker,
    ),
  );
  const showing = { ...ports("console"), bus };
  const console = running.use(
    await startConsole(showing, { ...config.console, id }, bound.console),
  );
  const serving = { ...ports("gateway"), bus, requestStop };
  const gateway = running.use(
    await startGateway(serving, { ...config.gateway, id }, bound.gateway),
  );
  const services = [pieceStore, scheduler, tracker, console, gateway];
  // Nobody else can reach a bus in here.
  const checkup = place.embedded ? { checkup: () => checkupOf({ bus, clock }) } : {};
  const { adminHost: host, adminPort: port } = config.process;
  const admin = running.use(
    await startAdminPort(
      { sources: telemetries, ready: () => readyOf(services), ...checkup },
      { host, port },
    ),
  );
  running.defer(() => gateway.drain());
  return { bus, tracker, gateway, console, adminUrl: admin.url };
}

async function checkupOf(ports: {
  readonly bus: Bus;
  readonly clock: Clock;
}): Promise<FleetCheckup> {
  const [processes, infoHash] = await Promise.all([checkFleet(ports), anyTorrent(ports.bus)]);
  return { processes, infoHash };
}

type Readiness = ReturnType<RunningGateway["ready"]>;

/** Whether all of them are, and if not, why. */
function readyOf(services: readonly { ready(): Readiness }[]): Readiness {
  const reasons = services.flatMap((service) => service.ready().reasons);
  return { ready: reasons.length === 0, reasons };
}
