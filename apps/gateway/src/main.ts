import { runFleetService } from "@seedfleet/service";
import { gatewayConfig } from "./config.ts";
import { startGateway } from "./start-gateway.ts";

await runFleetService("gateway", gatewayConfig, startGateway);
