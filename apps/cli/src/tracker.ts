import { randomBytes } from "node:crypto";
import { createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import {
  type ConfigSchema,
  defineConfig,
  exitAfter,
  loadConfig,
  shutdownRequested,
  systemClock,
  systemRng,
  VERSION,
} from "@seedfleet/runtime";
import { connectBus, type ProcessConfig, processConfig } from "@seedfleet/service";
import { startAdminPort, startTelemetry } from "@seedfleet/telemetry-otel";
import {
  bindTracker,
  startTracker,
  type TrackerConfig,
  trackerConfig,
} from "@seedfleet/tracker/service";
import { type DataDirectory, openDataDirectory } from "./data-directory.ts";
import { hostAddress } from "./reachable-host.ts";
import type { Reporter } from "./reporter.ts";
import type { TrackerOptions } from "./tracker-options.ts";

/** The settings of a tracker that runs by itself. */
export const trackerCommandConfig: ConfigSchema<{
  readonly process: ProcessConfig;
  readonly tracker: TrackerConfig;
}> = defineConfig({ process: processConfig, tracker: trackerConfig });

/** A timer that never ends keeps the process alive while its sockets are idle. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * `seedfleet tracker`: a tracker alone, or one more of a fleet, until a signal. Throws
 * `SeedfleetError`s, each one line for a person.
 */
export async function tracker(options: TrackerOptions, reporter: Reporter): Promise<void> {
  const clock = systemClock;
  const settings = await settingsOf(options);
  await using running = new AsyncDisposableStack();
  const requested = shutdownRequested();
  // An open tracker remembers nothing, so it leaves nothing behind.
  const remembers = options.natsUrl === null && settings.tracker.mode !== "open";
  const dataDirectory = remembers ? await openDataDirectory(options.dataDir) : null;
  const { config, apiTokenFile } = await withToken(settings.tracker, dataDirectory);
  const bound = running.use(await bindTracker(config));
  const id = settings.process.id ?? dataDirectory?.id ?? randomBytes(8).toString("hex");
  const { logLevel, otlpUrl, traceRatio, adminHost, adminPort, nats } = settings.process;
  const telemetry = running.use(
    startTelemetry({
      ...{ service: "tracker", version: VERSION, instanceId: id, logLevel, otlpUrl },
      sampleRatio: traceRatio,
    }),
  );
  const ports = { clock, telemetry };
  const bus =
    options.natsUrl === null
      ? createBus(openEmbeddedBus({ file: dataDirectory?.busFile ?? null }), ports)
      : await connectBus(
          { ...nats, servers: [options.natsUrl] },
          { ...ports, name: `tracker-${id}` },
        );
  running.defer(() => bus.close());
  const service = running.use(
    await startTracker(
      { ...ports, bus, rng: systemRng, alone: options.natsUrl === null },
      { ...config, id },
      bound,
    ),
  );
  const admin = running.use(
    await startAdminPort(
      { sources: [telemetry], ready: () => service.ready() },
      { host: adminHost, port: adminPort },
    ),
  );
  running.defer(() => service.drain());
  const [httpUrl = "", udpUrl = null] = service.announceUrls;
  const { mode, workers } = config;
  reporter.tracking({
    ...{ pid: process.pid, mode, workers, httpUrl, udpUrl },
    ...{ apiUrl: service.apiUrl, apiTokenFile, adminUrl: admin.url },
  });
  const keepAlive = setInterval(() => {}, TIMER_MS_MAX);
  const signal = await requested;
  clearInterval(keepAlive);
  reporter.stopping(signal);
  exitAfter(settings.process.shutdownDeadlineMs);
}

/** The environment's settings, the command line's before them. */
async function settingsOf(
  options: TrackerOptions,
): Promise<{ readonly process: ProcessConfig; readonly tracker: TrackerConfig }> {
  const config = loadConfig(trackerCommandConfig, process.env);
  const host = await hostAddress(options.host);
  const { tracker } = config;
  return {
    process: config.process,
    tracker: {
      ...tracker,
      host,
      mode: options.mode ?? tracker.mode,
      port: options.httpPort ?? tracker.port,
      udpPort: options.udpPort ?? tracker.udpPort,
      apiPort: options.apiPort ?? tracker.apiPort,
      workers: options.workers ?? tracker.workers,
    },
  };
}

/** A private tracker that is given no token for its API makes one, in a file that only we read. */
async function withToken(
  config: TrackerConfig,
  dataDirectory: DataDirectory | null,
): Promise<{ readonly config: TrackerConfig; readonly apiTokenFile: string | null }> {
  const needed = config.mode === "private" && config.apiToken === null;
  if (!needed || dataDirectory === null) return { config, apiTokenFile: null };
  const { token, file } = await dataDirectory.apiToken();
  return { config: { ...config, apiToken: token }, apiTokenFile: file };
}
