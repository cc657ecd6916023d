export {
  connectNatsBus,
  type NatsBusConfig,
  type NatsCredentials,
  type NatsPorts,
  type NatsTls,
} from "./connect-nats-bus.ts";
export {
  type NatsError,
  type NatsErrorDetail,
  permissionDenied,
  unauthorized,
  unreachable,
} from "./errors.ts";
export { RECONNECT_DEFAULTS, type ReconnectConfig } from "./reconnect-delay.ts";
