export { type CannotListenDetail, cannotListen } from "./cannot-listen.ts";
export { type CancelTimer, type Clock, delay, systemClock } from "./clock.ts";
export { collectGarbage } from "./collect-garbage.ts";
export {
  type ConfigOf,
  type ConfigSchema,
  type ConfigShape,
  defineConfig,
  type Environment,
  loadConfig,
  printConfig,
} from "./config.ts";
export {
  boolean,
  bytes,
  durationMs,
  type Field,
  type FieldOptions,
  integer,
  list,
  oneOf,
  port,
  type Range,
  ratio,
  secret,
  text,
  url,
} from "./config-field.ts";
export type { ConfigInvalid } from "./config-invalid.ts";
export { type ErrorDetail, errorCode, errorMessage, SeedfleetError } from "./errors.ts";
export { forEachBounded } from "./for-each-bounded.ts";
export { foreignFunctions } from "./foreign-functions.ts";
export { exitAfter, type ShutdownSignal, shutdownRequested } from "./lifecycle.ts";
export { formatBytes, parseBytes } from "./quantity.ts";
export { type Rng, seededRng, systemRng } from "./rng.ts";
export { runService, type ServiceConfig, type StartService } from "./run-service.ts";
export { VERSION } from "./version.ts";
