import type { Bus } from "@seedfleet/bus";
import {
  type Clock,
  type ConfigSchema,
  collectGarbage,
  defineConfig,
  runService,
  systemClock,
  VERSION,
} from "@seedfleet/runtime";
import type { Telemetry } from "@seedfleet/telemetry";
import { startAdminPort, startTelemetry } from "@seedfleet/telemetry-otel";
import { connectBus } from "./connect-bus.ts";
import { processConfig, processName } from "./process-config.ts";

export type ServicePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Has the process drain and end, as a signal does. */
  readonly requestStop: () => void;
};

/** What a service gives back once it runs. */
export interface FleetService extends AsyncDisposable {
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Takes nothing new and finishes what is under way. */
  drain(): Promise<void>;
}

/**
 * The whole life of a service that is a process of its own: settings, telemetry, NATS, admin port,
 * the service, then a signal, a drain and a clean end within the deadline.
 */
export function runFleetService<Config>(
  role: string,
  schema: ConfigSchema<Config>,
  start: (ports: ServicePorts, config: Config & { readonly id: string }) => Promise<FleetService>,
): Promise<void> {
  const schemas = defineConfig({ process: processConfig, own: schema });
  const withDeadline = {
    fields: schemas.fields,
    build: (read: Parameters<typeof schemas.build>[0]) => {
      const { process, own } = schemas.build(read);
      return { process, own, shutdownDeadlineMs: process.shutdownDeadlineMs };
    },
  };
  return runService(withDeadline, async (config, running, requestStop) => {
    const id = processName(config.process.id);
    const telemetry = running.use(
      startTelemetry({
        service: role,
        version: VERSION,
        instanceId: id,
        logLevel: config.process.logLevel,
        otlpUrl: config.process.otlpUrl,
        sampleRatio: config.process.traceRatio,
      }),
    );
    const ports = { clock: systemClock, telemetry };
    const bus = await connectBus(config.process.nats, { ...ports, name: `${role}-${id}` });
    running.defer(() => bus.close());

    const service = running.use(await start({ ...ports, bus, requestStop }, { ...config.own, id }));
    // Before it says that it is ready.
    collectGarbage();
    const admin = running.use(
      await startAdminPort(
        { sources: [telemetry], ready: () => service.ready() },
        { host: config.process.adminHost, port: config.process.adminPort },
      ),
    );
    running.defer(() => service.drain());
    telemetry.log.info("service started", { admin: admin.url });
  });
}
