import { type ConsoleConfig, consoleConfig } from "@seedfleet/console/service";
import { type GatewayConfig, gatewayConfig } from "@seedfleet/gateway/service";
import { type PieceStoreConfig, pieceStoreConfig } from "@seedfleet/piece-store/service";
import { type ConfigSchema, defineConfig, type Environment, loadConfig } from "@seedfleet/runtime";
import { type ProcessConfig, processConfig } from "@seedfleet/service";
import { type TrackerConfig, trackerConfig } from "@seedfleet/tracker/service";
import type { UpOptions } from "./up-options.ts";

/** The settings of every service that runs inside `up`. */
export type UpConfig = {
  readonly process: ProcessConfig;
  readonly gateway: GatewayConfig;
  readonly pieceStore: PieceStoreConfig;
  readonly tracker: TrackerConfig;
  readonly console: ConsoleConfig;
};

export const upConfig: ConfigSchema<UpConfig> = defineConfig({
  process: processConfig,
  gateway: gatewayConfig,
  pieceStore: pieceStoreConfig,
  tracker: trackerConfig,
  console: consoleConfig,
});

/** The environment's settings, the command line's before them. */
export function loadUpConfig(
  env: Environment,
  options: UpOptions,
  { host, quiet }: { readonly host: string; readonly quiet: boolean },
): UpConfig {
  const config = loadConfig(upConfig, env);
  const { gateway, tracker, console } = config;
  return {
    ...config,
    process: {
      ...config.process,
      // In a terminal the command itself tells what goes on; warnings are for whoever watches.
      logLevel:
        quiet && env["SEEDFLEET_LOG_LEVEL"] === undefined ? "warn" : config.process.logLevel,
      nats: {
        ...config.process.nats,
        servers: options.natsUrl === null ? config.process.nats.servers : [options.natsUrl],
      },
    },
    gateway: {
      ...gateway,
      host,
      peerPort: options.peerPort,
      unchokeSlots: options.unchokeSlots ?? gateway.unchokeSlots,
      workers: options.workers ?? gateway.workers,
    },
    tracker: { ...tracker, host, port: options.trackerPort },
    console: { ...console, host, port: options.consolePort },
  };
}
