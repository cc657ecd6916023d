export {
  type AdminPort,
  type AdminPortConfig,
  type AdminPortPorts,
  type Readiness,
  startAdminPort,
} from "./admin-port.ts";
export type { AdminPortFailure } from "./errors.ts";
export type { LogLevel } from "./pino-log.ts";
export {
  type MetricsSource,
  type RunningTelemetry,
  startTelemetry,
  type TelemetryConfig,
} from "./start-telemetry.ts";
