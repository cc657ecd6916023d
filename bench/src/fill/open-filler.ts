import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { pieceStoreConfig, startPieceStore } from "@seedfleet/piece-store/service";
import { loadConfig, systemClock, VERSION } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { type RunningTelemetry, startTelemetry } from "@seedfleet/telemetry-otel";
import { publishFile } from "../fleet/publish-file.ts";
import type { StoreSpec } from "./fill-spec.ts";
import { Filler, type FillerConfig } from "./filler.ts";

const HOLDER = "bench";

/** The gateway's end of a bus, and where the bus is embedded the piece-store's too. */
export async function openFiller(
  store: StoreSpec,
  config: FillerConfig,
  running: AsyncDisposableStack,
): Promise<Filler> {
  const telemetry = running.use(telemetryOf("gateway"));
  const ports = { clock: systemClock, telemetry };
  if (store.bus === "nats") {
    const nats = { servers: [store.url], user: null, password: null, token: null };
    const bus = await connectBus(nats, { ...ports, name: "gateway-bench" });
    running.defer(() => bus.close());
    return await Filler.open({ bus, telemetry }, config, store.infoHash);
  }
  const bus = createBus(openEmbeddedBus({ file: null }), ports);
  running.defer(() => bus.close());
  const { contentFile, pieceLengthBytes } = store;
  const storeTelemetry = running.use(telemetryOf("piece-store"));
  const storeConfig = {
    ...loadConfig(pieceStoreConfig, {}),
    // What is read in the background is no part of a fill.
    ...{ id: HOLDER, roots: [contentFile], scrubBytesPerSecond: 0 },
  };
  running.use(
    await startPieceStore({ bus, clock: systemClock, telemetry: storeTelemetry }, storeConfig),
  );
  const infoHash = await publishFile(bus, { holder: HOLDER, contentFile, pieceLengthBytes });
  return await Filler.open({ bus, telemetry }, config, infoHash);
}

/** As a service that nobody collects traces from has it. */
function telemetryOf(service: string): RunningTelemetry {
  return startTelemetry({
    ...{ service, version: VERSION, instanceId: HOLDER, logLevel: "warn" },
    ...{ otlpUrl: null, sampleRatio: 0 },
  });
}
