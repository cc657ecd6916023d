export { MSE_PRIVATE_KEY_BYTES } from "./key-exchange.ts";
export { MseInitiator, type MseInitiatorOptions } from "./mse-initiator.ts";
export {
  MSE_INITIAL_PAYLOAD_BYTES_MAX,
  MSE_PADDING_BYTES_MAX,
  MSE_WAITING_BYTES_MAX,
  type MseEstablished,
  type MseOutput,
  type MseViolation,
  type PayloadMethod,
} from "./mse-model.ts";
export { MseReceiver, type MseReceiverOptions, type MseReceiverOutput } from "./mse-receiver.ts";
export { Rc4 } from "./rc4.ts";
export { obfuscatedHash } from "./stream-keys.ts";
