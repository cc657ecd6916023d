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
export {
  type InspectedJetStream,
  inspectNats,
  type NatsInspection,
} from "./inspect-nats.ts";
export type { AskedStore, InspectedStore, StoreCopy } from "./inspect-store.ts";
export { RECONNECT_DEFAULTS, type ReconnectConfig } from "./reconnect-delay.ts";
