import { runFleetService } from "@seedfleet/service";
import { gatewayConfig } from "./config.ts";
import { startGateway } from "./gateway.ts";

await runFleetService("gateway", gatewayConfig, startGateway);
