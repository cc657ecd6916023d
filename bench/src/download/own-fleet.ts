import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { startChokingScheduler } from "@seedfleet/choking-scheduler/service";
import { gatewayConfig, startGateway } from "@seedfleet/gateway/service";
import { pieceStoreConfig, startPieceStore } from "@seedfleet/piece-store/service";
import { loadConfig, systemClock, VERSION } from "@seedfleet/runtime";
import { type RunningTelemetry, startTelemetry } from "@seedfleet/telemetry-otel";

const HOST = "127.0.0.1";

/** The piece-store of `startOwnFleet`. */
export const STORE = "store";

export type OwnFleetSpec = {
  /** Where the store keeps what is downloaded; null of one that only seeds. */
  readonly managedRoot: string | null;
  /** Where the content is that is published. */
  readonly roots: readonly string[];
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
  /** Whether a scheduler says whom slots go to. */
  readonly hasScheduler: boolean;
};

export type OwnFleet = {
  readonly bus: Bus;
  readonly peerPort: number;
  /** Block bytes that the gateway has sent so far. */
  readonly sentBytes: () => Promise<number>;
};

/** A gateway and a piece-store in this process over an embedded bus, as `seedfleet up` has them. */
export async function startOwnFleet(
  { managedRoot, roots, uploadBytesPerSecond, hasScheduler }: OwnFleetSpec,
  running: AsyncDisposableStack,
): Promise<OwnFleet> {
  const clock = systemClock;
  const telemetry = running.use(telemetryOf("gateway"));
  const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
  running.defer(() => bus.close());
  if (hasScheduler) {
    const ports = { bus, clock, telemetry: running.use(telemetryOf("choking-scheduler")) };
    running.use(await startChokingScheduler(ports, { id: "scheduler" }));
  }
  const storeTelemetry = running.use(telemetryOf("piece-store"));
  const store = {
    ...loadConfig(pieceStoreConfig, {}),
    ...{ id: STORE, managedRoot, roots, scrubBytesPerSecond: 0 },
  };
  running.use(await startPieceStore({ bus, clock, telemetry: storeTelemetry }, store));
  const config = { ...loadConfig(gatewayConfig, gatewayEnv(uploadBytesPerSecond)), id: "gateway" };
  const requestStop = (): void => process.exit(1);
  const gateway = running.use(await startGateway({ bus, clock, telemetry, requestStop }, config));
  return {
    bus,
    peerPort: gateway.peerAddress.port,
    async sentBytes() {
      const text = await telemetry.metricsText();
      return Number(/^seedfleet_gateway_sent_bytes_total(?:\{.*\})? (\S+)/m.exec(text)?.[1] ?? 0);
    },
  };
}

/** Tells whoever started this process that something happened. */
export function tell(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

function telemetryOf(service: string): RunningTelemetry {
  return startTelemetry({
    ...{ service, version: VERSION, instanceId: service, logLevel: "warn" },
    ...{ otlpUrl: null, sampleRatio: 0 },
  });
}

function gatewayEnv(uploadBytesPerSecond: number | null): Readonly<Record<string, string>> {
  return {
    SEEDFLEET_GATEWAY_HOST: HOST,
    SEEDFLEET_GATEWAY_PEER_PORT: "0",
    SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX: "1000",
    ...(uploadBytesPerSecond === null
      ? {}
      : { SEEDFLEET_GATEWAY_UPLOAD_BYTES_PER_SECOND: String(uploadBytesPerSecond) }),
  };
}
