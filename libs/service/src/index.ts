export { isBearer } from "./bearer-token.ts";
export { connectBus, natsBusConfig } from "./connect-bus.ts";
export {
  type NatsOptions,
  natsConfig,
  type ProcessConfig,
  processConfig,
  processName,
  type TelemetryOptions,
  telemetryConfig,
} from "./process-config.ts";
export { type FleetService, runFleetService, type ServicePorts } from "./run-fleet-service.ts";
