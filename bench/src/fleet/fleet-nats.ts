import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Bus } from "@seedfleet/bus";
import { systemClock } from "@seedfleet/runtime";
import { connectBus } from "@seedfleet/service";
import { silentTelemetry } from "@seedfleet/telemetry";
import { realPart, startNatsServer } from "@seedfleet/testkit";
import { BenchError } from "../bench-error.ts";

const PORTS_LOOK_MS = 10;
const PORTS_MS_MAX = 5_000;

/** A real nats-server that runs for a benchmark. */
export type FleetNats = {
  readonly url: string;
  /** Where it tells what its connections did. */
  readonly monitorUrl: string;
};

/** Starts one with JetStream and its monitoring port; `directory` is the benchmark's own. */
export async function startFleetNats(
  directory: string,
  running: AsyncDisposableStack,
): Promise<FleetNats> {
  const { missing } = realPart("nats-server");
  if (missing !== undefined) throw new BenchError(missing);
  const server = await startNatsServer(["-m", "-1", "--ports_file_dir", directory]);
  // Stopped by a signal meanwhile: then nobody else would end it.
  if (running.disposed) await server.stop();
  running.defer(() => server.stop());
  return { url: server.url, monitorUrl: await monitorUrlIn(directory) };
}

/** A connection of our own, which the services' traffic is counted without. */
export async function openBus({ url }: FleetNats, running: AsyncDisposableStack): Promise<Bus> {
  const account = { user: null, password: null, token: null };
  const ports = { clock: systemClock, telemetry: silentTelemetry, name: "bench" };
  const bus = await connectBus({ servers: [url], ...account }, ports);
  running.defer(() => bus.close());
  return bus;
}

/**
 * nats-server writes the ports it took into a file that is called after its process, a moment after
 * it says that it is ready.
 */
async function monitorUrlIn(directory: string): Promise<string> {
  for (const startedAtMs = performance.now(); ; await setTimeout(PORTS_LOOK_MS)) {
    const ports = await portsIn(directory);
    const [url] = ports?.monitoring ?? [];
    if (url !== undefined) return url;
    if (ports !== null) throw new BenchError("nats-server has no monitoring port");
    if (performance.now() - startedAtMs > PORTS_MS_MAX) {
      throw new BenchError("nats-server did not tell its ports");
    }
  }
}

/** Null while there is no file, or not all of it. */
async function portsIn(
  directory: string,
): Promise<{ readonly monitoring?: readonly string[] } | null> {
  const file = (await readdir(directory)).find((name) => name.endsWith(".ports"));
  if (file === undefined) return null;
  const text = await readFile(join(directory, file), "utf8");
  return text.trimEnd().endsWith("}") ? JSON.parse(text) : null;
}
