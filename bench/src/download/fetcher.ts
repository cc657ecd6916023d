import { createInterface } from "node:readline";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { gatewayConfig, startGateway } from "@seedfleet/gateway/service";
import { pieceStoreConfig, startPieceStore } from "@seedfleet/piece-store/service";
import { loadConfig, systemClock, VERSION } from "@seedfleet/runtime";
import { type RunningTelemetry, startTelemetry } from "@seedfleet/telemetry-otel";
import { mirrorTorrent } from "./mirror-torrent.ts";

/** What a fetcher process is told, as JSON in its only argument. */
export type FetcherSpec = {
  readonly torrentFile: string;
  readonly managedRoot: string;
  /** Null is no limit. */
  readonly uploadBytesPerSecond: number | null;
};

const HOST = "127.0.0.1";
const STORE = "store";

function telemetryOf(service: string): RunningTelemetry {
  return startTelemetry({
    ...{ service, version: VERSION, instanceId: service, logLevel: "warn" },
    ...{ otlpUrl: null, sampleRatio: 0 },
  });
}

function tell(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** A gateway and a piece-store in one process over an embedded bus, as `seedfleet up` has them. */
async function main({ torrentFile, managedRoot, ...limits }: FetcherSpec): Promise<void> {
  await using running = new AsyncDisposableStack();
  const telemetry = running.use(telemetryOf("gateway"));
  const clock = systemClock;
  const bus = createBus(openEmbeddedBus({ file: null }), { clock, telemetry });
  running.defer(() => bus.close());
  const storeTelemetry = running.use(telemetryOf("piece-store"));
  const store = {
    ...loadConfig(pieceStoreConfig, {}),
    ...{ id: STORE, managedRoot, scrubBytesPerSecond: 0 },
  };
  running.use(await startPieceStore({ bus, clock, telemetry: storeTelemetry }, store));
  const config = { ...loadConfig(gatewayConfig, gatewayEnv(limits)), id: "gateway" };
  const requestStop = (): void => process.exit(1);
  const ports = { bus, clock, telemetry, requestStop };
  const gateway = running.use(await startGateway(ports, config));
  tell("listening", { port: gateway.peerAddress.port, version: VERSION });
  const lines = createInterface({ input: process.stdin });
  process.once("SIGTERM", () => lines.close());
  for await (const line of lines) {
    if (!line.startsWith("go ")) continue;
    const go: { readonly ports: readonly number[] } = JSON.parse(line.slice(3));
    const peers = go.ports.map((port) => ({ host: HOST, port }));
    void mirrorTorrent(bus, { torrentFile, holder: STORE, peers }).then(() => tell("finished"));
  }
}

function gatewayEnv({ uploadBytesPerSecond }: Pick<FetcherSpec, "uploadBytesPerSecond">) {
  const limit = uploadBytesPerSecond === null ? {} : uploadLimit(uploadBytesPerSecond);
  return {
    SEEDFLEET_GATEWAY_HOST: HOST,
    SEEDFLEET_GATEWAY_PEER_PORT: "0",
    SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX: "1000",
    ...limit,
  };
}

function uploadLimit(bytesPerSecond: number): Readonly<Record<string, string>> {
  return { SEEDFLEET_GATEWAY_UPLOAD_BYTES_PER_SECOND: String(bytesPerSecond) };
}

await main(JSON.parse(process.argv[2] ?? "null"));
