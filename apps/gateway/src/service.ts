export { type GatewayConfig, gatewayConfig } from "./config.ts";
export { type BoundGateway, bindGateway, type RunningGateway, startGateway } from "./gateway.ts";
